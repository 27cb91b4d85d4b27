"""Residuals of one target against its predictions, and how they are distributed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.scores.metrics import regression
from nnplay.training.scores.uncertainty import MOST_ROWS, Interval, mean_interval, r2_interval
from nnplay.training.trainer import Trainer
from nnplay.views.scored import has_quantities, in_units, score_rows
from nnplay.views.table import Table
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class Residuals(Output):
    """What is left of a target when its prediction is taken away, in the target's own units.

    Attributes:
        target: its name.
        predicted, residual: (N,) predictions, and true minus predicted values.
        scores: mae, rmse and r2.
        intervals: of mae and r2, where there are few rows.
        rows: which rows are scored.
        scaled: whether the loss is of targets that were scaled, and so in other units than these.
    """

    target: str
    predicted: NDArray[np.float64]
    residual: NDArray[np.float64]
    scores: dict[str, float]
    intervals: dict[str, Interval]
    rows: str
    scaled: bool = False


def make_residuals(trainer: Trainer, asked: Asked) -> Residuals:
    """The residuals of the target asked for."""
    scored, name = score_rows(trainer, asked), trainer.split.train.target_names[asked.place]
    true, predicted = (each[:, asked.place] for each in in_units(trainer, scored))
    if not len(true):
        return Residuals(name, predicted, predicted, {}, {}, scored.words)
    few = 1 < len(true) <= MOST_ROWS
    intervals = {"mae": mean_interval(np.abs(true - predicted)), "r2": r2_interval(true, predicted)} if few else {}
    scales, scores = trainer.split.scaler.target_scale, regression(true, predicted)
    scaled = bool(scales.size and scales[asked.place] != 1)
    return Residuals(name, predicted, true - predicted, scores, intervals, scored.words, scaled)


def name_targets(trainer: Trainer) -> tuple[str, ...]:
    """The targets of a regression."""
    return trainer.split.train.target_names


def list_residuals(shown: Residuals) -> Table:
    """A row for each prediction."""
    return Table(("predicted", "residual"), list(zip(shown.predicted.tolist(), shown.residual.tolist(), strict=True)))


RESIDUALS = View(
    "residuals",
    Residuals,
    has_quantities,
    make_residuals,
    about="True minus predicted values against predictions: a good fit leaves no pattern.",
    group="scores",
    places=name_targets,
    place="target",
    order=3,
    table=list_residuals,
)
