"""Faults in the training thread: they are said, and end neither the thread nor the run."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from nnplay.data.dataset import Dataset
from nnplay.errors import InputError, NnplayError
from nnplay.network.network import Network
from nnplay.run import render
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker
from nnplay.training.trainer import Trainer
from tests.small_worker import PATIENCE, SGD, make_trainer, numbers, settle, trainer_of, until


def fail(*given: Any) -> Any:
    """Raises what no command should."""
    raise ZeroDivisionError("planted")


def test_a_network_that_cannot_be_leaves_the_run_alone(worker: Worker) -> None:
    """The error of a failed install is shown; the run that was there can go on."""
    worker.run(steps=10)
    settle(worker)

    def broken() -> Trainer:
        raise InputError("has no layers", where="network")

    worker.install(broken)
    shown = settle(worker)
    assert "has no layers" in shown.error
    assert (shown.step, shown.generation) == (10, 1)
    worker.run(steps=5)
    shown = settle(worker)
    assert (shown.step, shown.error) == (15, "")


def test_another_run_is_installed_while_one_goes(worker: Worker) -> None:
    """A new trainer takes over at once, is seen by its generation, and keeps on running."""
    worker.run()
    until(lambda: worker.snapshot.running and worker.snapshot.step > 20, "the run is going")
    worker.install(lambda: make_trainer(seed=9))
    until(lambda: worker.snapshot.generation == 2, "the next generation")
    until(lambda: worker.snapshot.running and worker.snapshot.step > 20, "it runs too")


def test_a_divergence_is_said_and_survived() -> None:
    """The error names the step, the weights are finite, and from some steps before the run goes on."""
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    data = Dataset(x, x[:, :1] * 3.0, task="regression").split(seed=0)
    worker = Worker(Trainer(Network("linear 8, linear 1"), data, optimizer=SGD(lr=0.01), threads=1))
    worker.run(steps=20)
    settle(worker)
    worker.make_change("lr 50", lambda trainer: trainer.set(lr=50.0))
    worker.run()
    until(lambda: worker.snapshot.error, "the divergence is seen")
    shown = settle(worker)
    assert "diverged" in shown.error
    assert not shown.running
    assert all(np.isfinite(value).all() for value in shown.weights.values())
    assert shown.latest == shown.step
    there = numbers(worker)
    worker.go_to(10)
    settle(worker)
    worker.go_to(shown.step)
    assert settle(worker).step == shown.step
    assert numbers(worker) == there
    worker.run()
    until(lambda: worker.snapshot.error, "it diverges again")
    assert settle(worker).message == ""
    worker.go_to(10)
    worker.run(steps=30)
    after_it = settle(worker)
    assert (after_it.error, after_it.step, after_it.latest) == ("", 40, 40)
    worker.stop(PATIENCE)


def test_a_large_network_that_diverges_comes_back_the_same() -> None:
    """Weights that a fault sets back some steps are part of the past: a replay across it has the same bits."""
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    data = Dataset(x, x[:, :1] * 100.0, task="regression").split(seed=0)
    worker = Worker(Trainer(Network("linear 600, linear 1"), data, optimizer=SGD(lr=1e-4), threads=1), budget=1)
    worker.run(steps=32)
    there = settle(worker) and numbers(worker)
    worker.run(steps=9)
    settle(worker)
    worker.make_change("lr huge", lambda trainer: trainer.set(lr=3e38))
    worker.run()
    until(lambda: worker.snapshot.error, "the divergence is seen")
    assert "the weights after 32 steps were kept" in settle(worker).error
    assert numbers(worker) == there
    worker.make_change("lr small", lambda trainer: trainer.set(lr=1e-4))
    worker.run(steps=60)
    assert settle(worker).step == 101
    there = numbers(worker)
    worker.go_to(5)
    settle(worker)
    worker.go_to(101)
    settle(worker)
    assert numbers(worker) == there
    worker.stop(PATIENCE)


def test_a_fault_in_a_command_ends_neither_thread_nor_run(worker: Worker) -> None:
    """The fault is named in the snapshot, and the next command works."""
    worker.run(steps=10)
    settle(worker)
    worker.send(fail)
    until(lambda: "ZeroDivisionError: planted" in worker.snapshot.error, "the fault is said")
    assert worker.alive
    worker.run(steps=10)
    assert settle(worker).step == 20


def test_a_fault_in_a_picture_ends_neither_thread_nor_run(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that cannot be drawn is named; training goes on, and the thread rests while it is paused."""
    calls: list[Trainer] = []

    def broken(trainer: Trainer, weights_of: int | None) -> None:
        calls.append(trainer)
        fail()

    monkeypatch.setattr(render, "findings", broken)
    worker.run(steps=50)
    until(lambda: "planted" in worker.snapshot.error, "the fault is said")
    until(lambda: worker.ask(lambda run: trainer_of(run).step) == 50, "the run goes on")
    worker.ask(lambda run: None)
    done = len(calls)
    worker.ask(lambda run: None)
    worker.ask(lambda run: None)
    assert len(calls) <= done + 3
    monkeypatch.undo()
    worker.run(steps=1)
    assert settle(worker).error == ""


def test_a_question_that_fails_fails_where_it_was_asked(worker: Worker) -> None:
    """The one who asked gets the error; the run does not."""
    with pytest.raises(ZeroDivisionError, match="planted"):
        worker.ask(fail)
    assert settle(worker).error == ""


def test_a_question_without_an_answer_is_an_error_of_its_own(worker: Worker) -> None:
    """A thread that is busy for too long is named."""
    busy, done = threading.Event(), threading.Event()

    def keep(run: TrainingThread) -> None:
        busy.set()
        done.wait(PATIENCE)

    worker.send(keep)
    assert busy.wait(PATIENCE)
    with pytest.raises(NnplayError, match="did not respond in time"):
        worker.ask(lambda run: None, seconds=0.01)
    done.set()


def test_a_worker_without_a_run_says_so_and_takes_one() -> None:
    """Before there is a network every command is refused in a sentence; the first install works."""
    worker = Worker()
    worker.run()
    until(lambda: "no network" in worker.snapshot.error, "the refusal")
    worker.install(make_trainer)
    worker.run(steps=3)
    shown = settle(worker)
    assert (shown.step, shown.error) == (3, "")
    worker.stop(PATIENCE)
