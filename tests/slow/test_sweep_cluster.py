"""Sweeps on a Dask cluster of real processes on the loopback interface, some of which are killed in between."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from nnplay.errors import InputError
from nnplay.sweeps.executors.threads import ThreadExecutor
from nnplay.sweeps.results_file import ResultsFile, read_results
from nnplay.sweeps.run_sweep import run_sweep
from nnplay.sweeps.trial import Outcome
from tests.jit.test_sweep import plain, plan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(find_spec("distributed") is None, reason="Dask's distributed is not installed"),
]
WORKERS = 3


def start(*words: str) -> subprocess.Popen[bytes]:
    """One of Dask's programs."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and three workers that nobody restarts, and the scheduler's address."""
    from distributed import Client

    found = tmp_path / "scheduler.json"
    scheduler = start(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(found)
    )
    workers: list[subprocess.Popen[bytes]] = []
    try:
        end = time.monotonic() + 120
        while not found.exists() or not found.read_text().strip().endswith("}"):
            assert time.monotonic() < end, "the scheduler did not start"
            time.sleep(0.05)

        address = json.loads(found.read_text())["address"]
        workers += [worker(address) for _ in range(WORKERS)]
        with Client(address) as client:
            client.wait_for_workers(WORKERS, timeout=120)
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def worker(address: str) -> subprocess.Popen[bytes]:
    """A worker that trains in one thread and has no nanny, so that its death is final."""
    return start("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")


def test_killed_workers_lose_no_trial(cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path) -> None:
    """Two of three are killed at moments drawn by a seed, twenty times; others take their place."""
    from nnplay.sweeps.executors.dask_cluster import DaskExecutor

    address, workers = cluster
    drawn = random.Random(5)
    for number in range(20):
        sweep, split = plan(trials=60, seed=number)
        path = tmp_path / f"{number}.jsonl"
        executor = DaskExecutor(sweep, split, address)
        done, killed = 0, sorted(drawn.sample(range(1, 40), 2))

        def kill_some(new: Sequence[Outcome], asked: int, killed: list[int] = killed) -> bool:
            nonlocal done
            done += len(new)
            while killed and done >= killed[0]:
                killed.pop(0)
                victim = workers.pop(drawn.randrange(len(workers)))
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                workers.append(worker(address))
            return False

        try:
            with ResultsFile(path, sweep) as results:
                run_sweep(sweep, executor, results, kill_some)
        finally:
            executor.close()
        _, outcomes = read_results(path)
        assert plain(outcomes) == plain(run_sweep(sweep, ThreadExecutor(sweep, split, 2)))


@pytest.mark.parametrize("stopped", [2, 3])
def test_workers_that_die_as_the_sweep_is_sent(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], stopped: int
) -> None:
    """They are stopped before, so that whatever is sent to them is on its way when they are killed."""
    from nnplay.sweeps.executors.dask_cluster import DaskExecutor

    address, workers = cluster
    sweep, split = plan()
    outcomes: list[Outcome] = []

    def train() -> None:
        executor = DaskExecutor(sweep, split, address)
        try:
            outcomes.extend(run_sweep(sweep, executor))
        finally:
            executor.close()

    for victim in workers[:stopped]:
        victim.send_signal(signal.SIGSTOP)
    training = threading.Thread(target=train, daemon=True)
    training.start()
    training.join(3)  # the sweep is sent; no trial can be done by all
    for victim in workers[:stopped]:
        victim.kill()
        victim.wait()
    workers.append(worker(address))
    training.join(120)
    assert plain(outcomes) == plain(run_sweep(sweep, ThreadExecutor(sweep, split, 2)))


def test_nobody_answers() -> None:
    """One sentence, and how to start a scheduler."""
    from nnplay.sweeps.executors.dask_cluster import DaskExecutor

    sweep, split = plan()
    with pytest.raises(InputError, match=r"no scheduler answers.*dask scheduler"):
        DaskExecutor(sweep, split, "tcp://127.0.0.1:9")


def test_nobody_works(cluster: tuple[str, list[subprocess.Popen[bytes]]]) -> None:
    """A scheduler that has no workers is said as well, instead of waiting for them without end."""
    from distributed import Client

    from nnplay.sweeps.executors.dask_cluster import DaskExecutor

    address, workers = cluster
    with Client(address) as client:
        for victim in workers:
            victim.kill()
        while client.nthreads():
            time.sleep(0.05)
    with pytest.raises(InputError, match=r"has no workers.*dask worker"):
        DaskExecutor(*plan(), address)


def test_a_killed_sweep_goes_on(tmp_path: Path) -> None:
    """`kill -9` of the command itself, again and again: every trial is there once."""
    path = tmp_path / "sweep.jsonl"
    words = [sys.executable, "-m", "nnplay", "sweep", "xor", "--epochs", "40", "--trials", "60", "--out", str(path)]
    words += ["--layers", "linear 4, tanh, linear 2", "--set", "optimizer.lr=log(1e-3,1)", "--workers", "2"]
    drawn = random.Random(1)
    for _ in range(12):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        timer = threading.Timer(drawn.uniform(1.0, 3.0), os.kill, (process.pid, signal.SIGKILL))
        timer.start()
        process.wait()
        timer.cancel()
        if process.returncode == 0:
            break
    assert subprocess.run(words, check=False, capture_output=True).returncode == 0
    sweep, outcomes = read_results(path)
    assert sorted(outcome.trial.number for outcome in outcomes) == list(range(60))
    split = sweep.run.load()
    assert plain(outcomes) == plain(run_sweep(sweep, ThreadExecutor(sweep, split, 2)))
