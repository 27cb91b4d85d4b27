"""How alike layers are: with each other, with themselves at another step, and with those of another branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.representation.similarity import compare_all
from nnplay.training.state.visit import visiting
from nnplay.training.trainer import Trainer
from nnplay.views.layer_values import LayerValues, compared_rows, read_layers
from nnplay.views.view import Asked, Moment, Output, View

#: Rows beyond which the numbers hardly change, and below which there are none.
_MOST: Final = 300
_FEWEST: Final = 4


@dataclass(frozen=True, slots=True)
class Similarity(Output):
    """CKA of layers.

    Attributes:
        values: (rows, columns), 1 for layers that differ by a turn or scale only; NaN where all rows are equal.
        layers, others: names of the rows' and of the columns' layers.
        moment: of the columns; empty for the present step, as of the rows.
        words: which rows of the data.
        problem: why there is nothing to see.
    """

    values: NDArray[np.float64]
    layers: tuple[str, ...]
    others: tuple[str, ...]
    moment: str
    words: str
    problem: str = ""


def make_similarity(trainer: Trainer, asked: Asked) -> Similarity:
    """The present layers beside each other or, at a place above 0, beside those of a moment."""
    rows = compared_rows(trainer)
    x, words = rows.x[:_MOST], rows.words if len(rows.x) <= _MOST else f"the first {_MOST} of {rows.words}"
    moment = asked.moments[asked.place - 1] if asked.place else None
    name = moment.name if moment else ""
    if len(x) < _FEWEST:
        return Similarity(np.zeros((0, 0)), (), (), name, words, f"it takes at least {_FEWEST} validation rows")
    layers = read_layers(trainer, x)
    try:
        others = _read_moment(moment, x) if moment else layers
    except InputError as problem:
        return Similarity(np.zeros((0, 0)), (), (), name, words, str(problem))
    values = compare_all([one.values for one in layers], [one.values for one in others], debiased=True)
    return Similarity(values, _names(layers), _names(others), name, words)


def _read_moment(moment: Moment, x: NDArray[Any]) -> tuple[LayerValues, ...]:
    """What the layers of a moment make of the same inputs.

    Raises:
        InputError: its network was shown other rows.
    """
    theirs = compared_rows(moment.trainer).x[: len(x)]
    if not np.array_equal(theirs, x):
        raise InputError("that step had other validation rows, so its layers cannot be compared with these")
    with visiting(moment.trainer, moment.read()):
        return read_layers(moment.trainer, x)


def _names(layers: Sequence[LayerValues]) -> tuple[str, ...]:
    return tuple(layer.name for layer in layers)


SIMILARITY = View(
    "similarity",
    Similarity,
    lambda trainer: True,
    make_similarity,
    about="CKA: which layers say the same of the rows, and how much that has changed since another step or branch.",
    group="inside",
    place="compared with",
    compares=True,
    order=13,
)
