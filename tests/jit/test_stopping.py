"""Each stop condition: when it ends a run, when it does not, and what it says."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.network.network import Network
from nnplay.records.registry import optimizer_records
from nnplay.training.stopping import Stops
from nnplay.training.trainer import Trainer

ADAM = optimizer_records()["adam"]


def make_trainer(validation: bool = True, lr: float = 0.02) -> Trainer:
    """A trainer that learns an easy set."""
    data = load_dataset("gauss", samples=200, seed=0)
    split = data.split(seed=0) if validation else data.split(1.0, 0.0, 0.0)
    return Trainer(Network("linear 4, tanh, linear 2", seed=1), split, optimizer=ADAM(lr=lr), threads=1)


def run(trainer: Trainer, stops: Stops, epochs: int = 60) -> str:
    """Trains epoch by epoch until a condition holds; what it said."""
    stops.begin(trainer)
    for _ in range(epochs):
        trainer.run(epochs=1)
        reason = stops.reason(trainer)
        if reason:
            return reason
    return ""


def test_nothing_stops_a_run_without_conditions() -> None:
    """All conditions are off at first, and no epoch needs a look."""
    stops = Stops()
    assert not stops.watch_epochs
    assert run(make_trainer(), stops) == ""


def test_epochs_are_counted_from_the_initial_weights() -> None:
    """A limit of 5 epochs ends the run at epoch 5, also when 3 of them were before."""
    trainer = make_trainer()
    trainer.run(epochs=3)
    assert run(trainer, Stops(epochs=5)) == "stopped at epoch 5"
    assert trainer.epoch == 5


def test_seconds_are_those_of_training_since_the_run_began() -> None:
    """Time before the run was started does not count; time that is used up does."""
    trainer = make_trainer()
    trainer.seconds = 100.0
    stops = Stops(seconds=50.0)
    stops.begin(trainer)
    trainer.seconds = 149.0
    assert stops.reason(trainer) == ""
    trainer.seconds = 150.0
    assert stops.reason(trainer) == "stopped after 50 s of training"


def test_conditions_that_come_during_a_run_count_from_then() -> None:
    """A limit of seconds put in force while the run goes does not look back."""
    trainer = make_trainer()
    trainer.seconds = 100.0
    stops = Stops(seconds=50.0)
    assert stops.reason(trainer) == ""
    trainer.seconds = 151.0
    assert stops.reason(trainer) != ""


@pytest.mark.parametrize(("validation", "name"), [(True, "validation_loss"), (False, "train_loss")])
def test_a_loss_that_is_reached_ends_the_run(validation: bool, name: str) -> None:
    """The validation loss counts, or the training loss where nothing is held out; the first epoch at it is the last."""
    trainer = make_trainer(validation)
    reason = run(trainer, Stops(loss=0.1))
    assert reason.startswith(f"stopped: {name.replace('_', ' ')} reached 0.0")
    values = trainer.history[name].last
    assert values[-1] <= 0.1 < values[-2]


def test_an_accuracy_that_is_reached_ends_the_run() -> None:
    """The first epoch at or above the accuracy is the last one."""
    trainer = make_trainer()
    assert run(trainer, Stops(accuracy=0.96)).startswith("stopped: validation accuracy reached 9")
    values = trainer.history["validation_accuracy"].last
    assert values[-1] >= 0.96
    assert (values[:-1] < 0.96).all()


def test_a_regression_has_no_accuracy_to_reach() -> None:
    """A condition that the task does not know never ends the run."""
    split = load_dataset("plane", samples=200, seed=0).split(seed=0)
    assert run(Trainer(Network("linear 1"), split, threads=1), Stops(accuracy=0.1), epochs=5) == ""


def test_patience_ends_a_run_whose_validation_gets_no_better() -> None:
    """Labels that are chance: so many epochs without a better validation loss end the run, which names the best."""
    rng = np.random.default_rng(3)
    data = Dataset(rng.normal(size=(150, 8)), rng.integers(0, 2, 150)).split(seed=0)
    trainer = Trainer(Network("linear 32, tanh, linear 2"), data, optimizer=ADAM(lr=0.03), threads=1)
    reason = run(trainer, Stops(patience=4), epochs=200)
    values = trainer.history["validation_loss"].last
    best = int(values.argmin())
    assert len(values) - 1 - best == 4
    message = f"validation loss did not fall for 4 epochs (best: epoch {best + 1:,})"
    assert reason == f"stopped early: {message}"


def test_patience_begins_anew_with_each_run() -> None:
    """Going on after an early stop trains for that many epochs again before it stops."""
    rng = np.random.default_rng(3)
    data = Dataset(rng.normal(size=(150, 8)), rng.integers(0, 2, 150)).split(seed=0)
    trainer = Trainer(Network("linear 32, tanh, linear 2"), data, optimizer=ADAM(lr=0.03), threads=1)
    stops = Stops(patience=4)
    assert run(trainer, stops, epochs=200)
    before = trainer.epoch
    assert run(trainer, stops, epochs=200)
    assert trainer.epoch >= before + 4


def test_an_epoch_is_judged_once() -> None:
    """Within an epoch there is nothing new to judge: a condition that holds is told at its end."""
    trainer = make_trainer()
    stops = Stops(epochs=1)
    stops.begin(trainer)
    trainer.run(steps=trainer.batches - 1)
    assert stops.reason(trainer) == ""
    trainer.run(steps=1)
    assert stops.reason(trainer) == "stopped at epoch 1"


@pytest.mark.parametrize("stops", [Stops(epochs=5), Stops(loss=0.5), Stops(accuracy=0.8)])
def test_a_run_that_was_stopped_can_go_on(stops: Stops) -> None:
    """A condition that holds already when the run goes on is let pass, and said; another one still ends it."""
    trainer = make_trainer()
    assert run(trainer, stops)
    before = trainer.epoch
    assert run(trainer, stops, epochs=3) == ""
    assert trainer.epoch == before + 3
    assert "continuing although the stop by" in stops.passed
    stops.seconds = 1e-9
    assert run(trainer, stops).startswith("stopped after")


def test_a_condition_set_during_a_run_that_holds_already_ends_it() -> None:
    """Who asks a running training to stop at something that it is beyond means now: it stops at the epoch's end."""
    trainer = make_trainer()
    trainer.run(epochs=8)
    stops = Stops(epochs=5)
    assert stops.reason(trainer) == ""
    trainer.run(epochs=1)
    assert stops.reason(trainer) == "stopped at epoch 9"
