"""Predicted against true values of one target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_numbers
from nnplay.views.scored import in_units, score_rows
from nnplay.views.table import Table
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class Scatter(Output):
    """Regression: predicted against true values of one target, in original units, and which rows they are of."""

    true: NDArray[np.float32]
    predicted: NDArray[np.float32]
    rows: str = ""


def suits(trainer: Trainer) -> bool:
    """Quantities of any kind."""
    return has_numbers(trainer)


def make_scatter(trainer: Trainer, asked: Asked) -> Scatter:
    """Predicted against true values in the target's own units."""
    target = asked.item
    scored = score_rows(trainer, asked)
    true, predicted = (each[:, target].astype(np.float32) for each in in_units(trainer, scored))
    return Scatter(true, predicted, scored.words)


def list_predictions(shown: Scatter) -> Table:
    """A row for each prediction."""
    return Table(("true", "predicted"), list(zip(shown.true.tolist(), shown.predicted.tolist(), strict=True)))


SCATTER = View(
    "predicted vs true",
    Scatter,
    suits,
    make_scatter,
    item="target",
    order=2,
    about="Each prediction against the true value.",
    group="scores",
    table=list_predictions,
)
