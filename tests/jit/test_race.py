"""Races: variants train side by side with the numbers of runs of their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.sweeps.race import Race, VariantState, band, rank_variants
from nnplay.training.curves.history import Curve

RUN: dict[str, Any] = {
    "data": {"name": "xor"},
    "layers": ["linear 4", "tanh", "linear 2"],
    "epochs": 12,
    "training": {"batch_size": 32},
}


def make(*axes: str, **more: Any) -> Race:
    """A race over the run above."""
    run = RunConfig.from_dict(RUN | more)
    return Race(run, axes, run.load())


def until(holds: Callable[[], object]) -> None:
    """Waits for what threads bring about."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, "never happened"
        time.sleep(0.01)


def test_each_variant_has_the_numbers_of_a_run_of_its_own() -> None:
    """Pausing and going on change nothing; the line is crossed where the run's own curve crosses it."""
    race = make("optimizer=sgd,adam", "optimizer.lr=0.01,0.1")
    try:
        race.start()
        until(lambda: race.states()[0].epoch > 1)
        race.pause()
        race.start()
        until(lambda: race.finished)
        race.extend(3)
        assert not race.finished
        until(lambda: race.finished)
        race.draw_line(0.9)
        states = race.states()
    finally:
        race.close()
    assert [state.name for state in states] == ["sgd, lr 0.01", "sgd, lr 0.1", "adam, lr 0.01", "adam, lr 0.1"]
    for number, state in enumerate(states):
        run = race.run_of(number)
        assert run is not None
        trainer = run.trainer()
        trainer.run(epochs=15)
        assert (state.epoch, state.step) == (15, trainer.step)
        assert state.loss == trainer.evaluate("validation")["loss"]
        assert state.accuracy == trainer.evaluate("validation")["accuracy"]
        assert state.curve is not None
        wanted = trainer.history["validation_loss"]
        assert np.array_equal(state.curve.last, wanted.last)
        assert np.array_equal(state.curve.steps, wanted.steps)
        over = np.flatnonzero(trainer.history["validation_accuracy"].last >= np.float32(0.9))
        assert state.crossed == (over[0] + 1 if len(over) else 0)
    assert any(state.crossed for state in states)


def test_an_optimizer_that_sees_all_rows_gets_them_in_a_race() -> None:
    """And no penalty that nobody chose; the other variants are the run as it is."""
    run = RunConfig.from_dict({"data": "spiral"})
    split = run.load()
    complete = run.completed(split)
    race = Race(complete, ("optimizer=adam,lbfgs",), split)
    adam, lbfgs = race.run_of(0), race.run_of(1)
    assert adam is not None
    assert lbfgs is not None
    assert adam.training == complete.training
    assert lbfgs.completed(split).training == {"batch_size": "all", "real": "float64"}
    asked = Race(complete, ("optimizer=adam,lbfgs", "training.batch_size=16,32"), split).run_of(2)
    assert asked is not None
    assert asked.training["batch_size"] == 16


def test_a_variant_that_falls_out_does_not_hold_up_the_others() -> None:
    """One diverges, one cannot be; both say why, and come last."""
    race = make(
        "optimizer.lr=0.1,1e30",
        "layers.width=8,6",
        layers=["linear 8", "tanh", "group_norm 4", "linear 2"],
        optimizer="sgd",
    )
    try:
        race.start()
        until(lambda: race.finished)
        states = race.states()
    finally:
        race.close()
    faults = [bool(state.fault) for state in states]
    assert faults == [False, True, True, True]
    assert states[0].epoch == 12
    assert "group" in states[1].fault
    assert race.run_of(0) is not None
    assert rank_variants(states, race.has_accuracy)[0] == 0


def test_a_variant_is_refused_for_what_a_new_run_is_refused_for() -> None:
    """In its words; the others race. A run that is refused itself has no race."""
    message = "frozen: there is no layer 9; name 0, 2"
    assert [state.fault for state in make("training.frozen=0,9").states()] == ["", message]
    with pytest.raises(InputError, match=message):
        make("seed=1..3", training={"frozen": "9"})


def test_the_first_over_the_line_is_ahead_whatever_its_score() -> None:
    """Then those with the better score; then those that fell out."""
    states = [
        VariantState("a", {}, accuracy=0.99, loss=0.1),
        VariantState("b", {}, accuracy=0.91, loss=0.3, crossed=7),
        VariantState("c", {}, accuracy=0.95, loss=0.2, crossed=9),
        VariantState("d", {}, fault="diverged"),
        VariantState("e", {}, accuracy=0.99, loss=0.05),
    ]
    assert rank_variants(states, has_accuracy=True) == [1, 2, 4, 0, 3]


def test_a_band_is_the_median_with_the_quartiles() -> None:
    """At each step that all have come to."""
    states = []
    for number in range(5):
        curve = Curve()
        curve.extend(range(10, 10 * (number + 3), 10), [float(number)] * (number + 2))
        states.append(VariantState(str(number), {}, curve=curve))
    found = band(states)
    assert found is not None
    assert found.steps.tolist() == [10, 20]
    assert (found.minimum.tolist(), found.last.tolist(), found.maximum.tolist()) == ([1.0] * 2, [2.0] * 2, [3.0] * 2)
    assert band([VariantState("none", {}, curve=Curve())]) is None


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ((), "nothing has 1"),
        (("optimizer=sgd",), "2 to 8 variants"),
        (("optimizer.lr=uniform(0,1)",), "how many values"),
        (("layers.width=1..9",), "layers.width=.* has 9"),
        (("seed=1..201",), "2 to 200 variants"),
        (("optimiser=sgd,adam",), "optimi"),
    ],
)
def test_a_race_that_cannot_be_is_refused(axes: tuple[str, ...], words: str) -> None:
    """Before anything is built."""
    with pytest.raises(InputError, match=words):
        make(*axes)
