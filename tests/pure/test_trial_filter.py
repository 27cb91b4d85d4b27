"""Filters of a sweep's table: conditions on settings and scores, words, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.sweeps.board import Board
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.sweeps.trial_filter import parse_filter

COLUMNS = ["trial", "optimizer.lr", "optimizer", "loss"]
TRIALS = [
    ({"optimizer.lr": 0.1, "optimizer": "adam"}, "done", 0.5),
    ({"optimizer.lr": 0.01, "optimizer": "adamw"}, "done", 0.25),
    ({"optimizer.lr": 1.0, "optimizer": "sgd"}, "diverged", np.nan),
]


def chosen(text: str) -> list[int]:
    """The trials that a filter lets through."""
    outcomes = tuple(Outcome(Trial(at, settings), end) for at, (settings, end, _) in enumerate(TRIALS))
    columns = {
        "trial": np.arange(3.0),
        "optimizer.lr": np.array([settings["optimizer.lr"] for settings, _, _ in TRIALS]),
        "optimizer": np.arange(3.0),
        "loss": np.array([loss for _, _, loss in TRIALS]),
    }
    return np.flatnonzero(parse_filter(text, COLUMNS).mask(Board(outcomes, columns))).tolist()


@pytest.mark.parametrize(
    ("text", "trials"),
    [
        ("", [0, 1, 2]),
        ("lr>0.01", [0, 2]),
        ("lr>=1%", [0, 1, 2]),
        ("optimizer.lr=0.1", [0]),
        ("optimizer=adam", [0]),
        ("optimizer!=adam", [1, 2]),
        ("adam", [0, 1]),
        ("adam, loss<0.3", [1]),
        ("loss<9", [0, 1]),
        ("diverged", [2]),
        ("trial=1", [1]),
    ],
)
def test_filters(text, trials):
    assert chosen(text) == trials


@pytest.mark.parametrize(("text", "words"), [("rat>1", "rat"), ("lr>many", "not a number"), ("lr>", "not a condition")])
def test_what_is_no_filter_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse_filter(text, COLUMNS)
