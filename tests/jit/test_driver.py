"""Training on: whoever does it, what ends a run and what a divergence leaves are the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import DivergedError
from nnplay.inspector.inspector import Inspector
from nnplay.tape.override import Override
from nnplay.timeline.change_log import DIVERGED, SetValues
from nnplay.timeline.timeline import Timeline
from nnplay.training.driver import Driver
from nnplay.training.stopping import Stops
from nnplay.training.trainer import Trainer
from tests.small_trainer import spiral, trainer


def overflowing() -> Timeline:
    """A run of 6,001 weights at step 20 whose next update makes a weight infinite; its last good copy is older."""
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    data = nn.Dataset(x, x[:, :1] * 300.0, task="regression").split(seed=0, scale_target="none")
    timeline = Timeline(Trainer(nn.Network("linear 1200, linear 1"), data, optimizer=nn.SGD(lr=1e-7), threads=1))
    timeline.advance(20)
    while timeline.trainer.step < 20:
        timeline.advance(20 - timeline.trainer.step)
    timeline.make_change("lr 3e38", SetValues({"lr": 3e38}))
    return timeline


def finish_a_step(timeline: Timeline) -> None:
    """As the inspector does at the end of a step."""
    Inspector(timeline.trainer, timeline).finish()


def finish_a_step_with_weights_held(timeline: Timeline) -> None:
    """As the inspector does where the user has put other numbers in place: the step itself would stay finite."""
    inspector = Inspector(timeline.trainer, timeline)
    inspector.override(*(Override(name, (Ellipsis,), None, f"{name} held") for name in timeline.trainer.parameters()))
    inspector.finish()


def train_on(timeline: Timeline) -> None:
    """As the training thread and the inspector do on the way to a later step."""
    driver = Driver(timeline.trainer, until=100, advance=timeline.advance)
    while driver.turn():
        pass


@pytest.mark.parametrize("train", [finish_a_step, finish_a_step_with_weights_held, train_on])
def test_the_weights_that_a_divergence_put_back_are_there_again_after_going_back(
    train: Callable[[Timeline], None],
) -> None:
    """The change log says that the last good weights came back, which no replay would find by itself."""
    timeline = overflowing()
    with pytest.raises(DivergedError, match="the weights after 0 steps were kept"):
        train(timeline)
    there, step = timeline.trainer.state().memory.copy(), timeline.trainer.step
    assert timeline.changes[-1].words == DIVERGED
    timeline.go_to(5)
    timeline.go_to(step)
    assert np.array_equal(timeline.trainer.state().memory, there)


def test_a_driver_comes_to_its_step_and_not_beyond() -> None:
    """However many turns it takes, the run stands at the step that was asked for."""
    made = trainer(spiral())
    driver = Driver(made, until=57)
    turns = sum(1 for _ in iter(driver.turn, False))
    assert (made.step, driver.reason) == (57, "")
    assert turns > 0


def test_a_stop_condition_ends_the_drive_with_its_reason() -> None:
    """A run that stops by itself says why, at the end of the epoch in which it did."""
    made = trainer(spiral())
    stops = Stops(epochs=2)
    stops.begin(made)
    driver = Driver(made, stops=stops)
    while driver.turn():
        pass
    assert driver.reason == "stopped at epoch 2"
    assert made.step == 2 * made.batches


def test_a_limited_drive_takes_no_more_steps_than_allowed_in_a_turn() -> None:
    """At 20 steps a second a turn takes at most two steps, and what is left of their time is to be waited."""
    made = trainer(spiral())
    driver = Driver(made, limit=20.0)
    for _ in range(5):
        assert driver.turn()
        assert driver.taken in (1, 2)
        assert driver.rest < driver.taken / 20.0
