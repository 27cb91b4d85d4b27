"""Each call of NVIDIA's driver fails once, at each stage of a run: nothing is lost, and the processor goes on.

On a card that is not there, whose numbers are a processor's to the last bit where one block has the run.
"""

from __future__ import annotations

import gc
import importlib.util
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.kernels.compile import notices
from nnplay.kernels.cuda import driver
from nnplay.presets.catalogue import load_preset
from nnplay.run.replicas import train_replicas
from nnplay.run.worker import Worker
from nnplay.tape.machines import device
from nnplay.tape.machines.cuda_machine import CudaMachine
from nnplay.training.trainer import Trainer
from tests.small_worker import PATIENCE, settle
from tests.virtual_card.driver import VirtualCard, can_compile
from tests.virtual_card.faulty import FaultyDriver

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_compile(), reason="needs gcc"),
    pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="needs nnplay[gpu]"),
]

#: How far each part of the test trains.
_PARTS = (3, 20, 1, 30)
_ONCE = ("cuInit", "cuDriverGetVersion", "cuDeviceGet", "cuDeviceGetName", "cuDeviceTotalMem_v2")
_OPENING = (*_ONCE, "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain")
_BUILDING = ("cuMemGetInfo_v2", "cuMemAlloc_v2", "cuMemsetD8_v2", "cuModuleLoadData", "cuModuleGetFunction")
_RUNNING = ("cuCtxSetCurrent", "cuMemcpyHtoD_v2", "cuLaunchKernel", "cuCtxSynchronize", "cuMemcpyDtoH_v2")

PutIn = Callable[[], FaultyDriver]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("card")


@pytest.fixture(scope="module")
def config() -> RunConfig:
    return load_preset("spiral").config


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user is told."""
    found: list[str] = []
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(notices, "tell", found.append)
    return found


@pytest.fixture
def put_in(compiled: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> Iterator[PutIn]:
    def put() -> FaultyDriver:
        gc.collect()  # runs give back what they have to the card that they had it from
        made = FaultyDriver(VirtualCard(compiled))
        driver.card.cache_clear()
        monkeypatch.setattr(driver, "_contexts", [])
        monkeypatch.setattr(driver, "_library", lambda: made)
        return made

    yield put
    gc.collect()
    driver.card.cache_clear()


def trained(config: RunConfig, machine: type[CudaMachine] | None = CudaMachine) -> Trainer:
    run: Trainer = config.trainer(machine=machine) if machine else config.trainer()
    for steps in _PARTS:
        run.run(steps=steps)
    return run


def check_same(run: Trainer, alone: Trainer) -> None:
    """All of a run but the time that it took; the loss of a batch is a sum in another order on a card."""
    np.testing.assert_array_equal(run.machine.state(), alone.machine.state())
    np.testing.assert_array_equal(run.machine.contents()["clock"], alone.machine.contents()["clock"])
    assert set(run.history.names()) == set(alone.history.names())
    for name in alone.history.names():
        np.testing.assert_array_equal(run.history[name].steps, alone.history[name].steps)
        np.testing.assert_allclose(run.history[name].last, alone.history[name].last, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "lasts"),
    [*((name, True) for name in (*_OPENING, *_BUILDING, *_RUNNING)), *((name, False) for name in _RUNNING)],
)
def test_whatever_fails_the_processor_goes_on_from_the_same_step(
    name: str, lasts: bool, config: RunConfig, put_in: PutIn, said: list[str]
) -> None:
    """In the first call, in the midst of the run, and in the last one."""
    alone = trained(config, None)
    whole = put_in()
    assert trained(config).machine.why_not == ""
    count = whole.calls[name]
    assert count
    for number in sorted({1, 2, count // 2, count} & set(range(1, count + 1))):
        faulty = put_in()
        faulty.fail(name, number, lasts=lasts)
        run = trained(config)
        check_same(run, alone)
        assert run.machine.where == "the processor, because the graphics card failed: planted; see nvidia-smi"
    assert all("\n" not in sentence for sentence in said)


@pytest.mark.parametrize("name", [*_BUILDING, *_RUNNING])
def test_replicas_are_trained_by_the_processor_where_the_card_fails(
    name: str, put_in: PutIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunConfig.from_dict({"data": {"name": "xor"}, "layers": "linear 4, tanh, linear 2", "epochs": 3})
    alone = train_replicas(config, 3)
    monkeypatch.setattr(device._Choice, "device", "cuda")
    for number in {1, 2} if name in _RUNNING else {1}:
        faulty = put_in()
        faulty.fail(name, number)
        found = train_replicas(config, 3)
        assert "the graphics card failed: planted" in found.where
        np.testing.assert_array_equal(found.states, alone.states)
        np.testing.assert_array_equal(found.curves, alone.curves)


def test_memory_and_code_are_given_back_by_whatever_thread_drops_a_run(config: RunConfig, put_in: PutIn) -> None:
    card = put_in()._card
    runs = [trained(config), trained(config)]
    assert (card.modules, card.taken > 0) == (2, True)

    def drop() -> None:
        runs.clear()
        gc.collect()

    thread = threading.Thread(target=drop)
    thread.start()
    thread.join()
    assert (card.modules, card.taken) == (0, 0)


def test_a_run_goes_back_in_time_over_the_step_at_which_its_card_was_lost(config: RunConfig, put_in: PutIn) -> None:
    """The same numbers are there at each step, by whatever they were computed."""
    faulty = put_in()
    worker = Worker(config.trainer(machine=CudaMachine))
    states = {}
    try:
        for step, name in ((10, ""), (25, "cuLaunchKernel"), (40, "")):
            if name:
                faulty.fail(name, faulty.calls[name] + 1)
            worker.run(steps=step - worker.snapshot.step)
            assert settle(worker).step == step
            states[step] = worker.trainer.machine.state().copy()  # type: ignore[union-attr]
        assert worker.trainer.machine.failed  # type: ignore[union-attr]
        for step in (10, 25, 40, 10):
            worker.go_to(step)
            assert settle(worker).step == step
            np.testing.assert_array_equal(worker.trainer.machine.state(), states[step])  # type: ignore[union-attr]
    finally:
        worker.stop(PATIENCE)
