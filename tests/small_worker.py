"""A small run in a training thread, and how tests wait for what the thread does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.network.network import Network
from nnplay.records.registry import optimizer_records
from nnplay.run.snapshot import Snapshot
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker
from nnplay.training.trainer import Trainer

ADAM, SGD = optimizer_records()["adam"], optimizer_records()["sgd"]
PATIENCE = 240.0


def make_trainer(seed: int = 2, **more: Any) -> Trainer:
    """A small trainer: 210 training rows, 7 batches an epoch."""
    split = load_dataset("moons", samples=300, seed=0).split(seed=0)
    net = Network("linear 6, tanh, linear 2", seed=seed)
    return Trainer(net, split, optimizer=ADAM(lr=0.01), threads=1, seed=5, **more)


def until(holds: Callable[[], Any], what: str = "what another thread brings about") -> None:
    """Waits until a condition holds; fails after `PATIENCE` seconds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {PATIENCE:g} s")
        time.sleep(0.002)


def settle(worker: Worker) -> Snapshot:
    """The snapshot after everything that was asked so far has been done, the training paused or at its end."""
    worker.ask(lambda run: None, PATIENCE)
    until(lambda: worker.ask(lambda run: not worker.snapshot.running and not run.running, PATIENCE), "the run ends")
    seen = worker.snapshot
    worker.ask(lambda run: None, PATIENCE)
    until(lambda: worker.snapshot is not seen, "a snapshot after that")
    return worker.snapshot


def numbers(worker: Worker) -> bytes:
    """The whole state, taken between two steps."""
    return worker.ask(lambda run: trainer_of(run).state().memory.tobytes(), PATIENCE)


def trainer_of(worker: Worker | TrainingThread) -> Trainer:
    assert worker.trainer is not None
    return worker.trainer


def after(steps: int) -> bytes:
    """The state that a trainer without any worker has after so many steps."""
    trainer = make_trainer()
    trainer.run(steps=steps) if steps else None
    return trainer.state().memory.tobytes()
