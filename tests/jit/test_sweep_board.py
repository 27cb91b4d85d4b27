"""The columns that a screen of a sweep sorts and draws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnplay.config import RunConfig
from nnplay.sweeps.board import TRAINED, BoardMaker
from nnplay.sweeps.ranking import ranked
from nnplay.sweeps.sweep import Sweep, plan_sweep
from nnplay.sweeps.trial import Outcome, Trial

RUN: dict[str, Any] = {"data": {"name": "xor"}, "layers": ["linear 4", "tanh", "linear 2"], "epochs": 9}


def plan(*axes: str, **more: Any) -> Sweep:
    """A sweep of the run above."""
    return plan_sweep(RunConfig.from_dict(RUN), axes, **more)[0]


def outcome(number: int, epochs: int = 0, end: str = "done", **values: Any) -> Outcome:
    """What might have come of a trial."""
    settings = {name: values.pop(name) for name in ("loss_name", "lr") if name in values}
    named = {"loss_name": "loss", "lr": "optimizer.lr"}
    trial = Trial(number, {named[name]: value for name, value in settings.items()}, epochs)
    return Outcome(trial, end, {name: float(value) for name, value in values.items()} if end == "done" else {})


def test_the_order_is_that_of_the_command_line() -> None:
    """With ties by the loss; what diverged is last, whichever way a column is sorted."""
    sweep = plan("optimizer.lr=log(1e-3,1)", trials=4)
    every = [
        outcome(0, lr=0.1, accuracy=0.9, loss=0.5),
        outcome(1, lr=0.2, end="diverged"),
        outcome(2, lr=0.3, accuracy=0.9, loss=0.4),
        outcome(3, lr=0.4, accuracy=1.0, loss=0.6),
    ]
    maker = BoardMaker(sweep)
    maker.add(every)
    board = maker.board()
    assert [board.outcomes[row] for row in board.order] == ranked(sweep, every)
    assert board.order.tolist() == [3, 2, 0, 1]
    assert board.sorted_by("accuracy", descending=True).tolist() == [3, 2, 0, 1]
    assert board.sorted_by("loss", descending=False).tolist() == [2, 0, 3, 1]
    assert board.best.tolist() == [0.9, 0.9, 0.9, 1.0]


def test_a_trial_that_goes_on_stays_one_row() -> None:
    """Halving trains it for more epochs each time; those trained for longest come first."""
    maker = BoardMaker(plan("optimizer.lr=log(1e-3,1)", sampler="halving", trials=9))
    maker.add([outcome(0, 3, lr=0.1, accuracy=0.7, loss=1), outcome(1, 3, lr=0.2, accuracy=0.9, loss=1)])
    maker.add([outcome(0, 9, lr=0.1, accuracy=0.8, loss=1), outcome(0, 3, lr=0.1, accuracy=0.7, loss=1)])
    board = maker.board()
    assert board.columns[TRAINED].tolist() == [9, 3]
    assert board.columns["accuracy"].tolist() == [0.8, 0.9]
    assert board.order.tolist() == [0, 1]


def test_words_have_places_and_a_score_keeps_apart_from_a_setting_of_its_name() -> None:
    """What a foreign file holds instead of a value is missing."""
    maker = BoardMaker(plan("loss=cross_entropy,hinge"))
    maker.add([outcome(0, loss_name="hinge", loss=0.25, accuracy=1), outcome(1, loss_name={}, loss=1, accuracy=1)])
    board = maker.board()
    assert board.columns["loss"][0] == 1.0
    assert math.isnan(board.columns["loss"][1])
    assert board.columns["loss score"].tolist() == [0.25, 1.0]
    assert np.array_equal(board.order, [0, 1])
