"""How much of the target each layer shows: a linear probe, how far apart the classes are, and the dimensions in use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.representation.probe import probe_classes, probe_numbers
from nnplay.representation.spread import class_separation, participation_ratio
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_numbers
from nnplay.views.layer_values import LayerValues, compared_rows, read_layers
from nnplay.views.row_groups import class_labels
from nnplay.views.table import Table
from nnplay.views.view import Asked, Output, View

#: Fewer rows than that say nothing of a probe.
_FEWEST: Final = 8
NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class LayerScore:
    """Of one layer; NaN for what cannot be said of it.

    Attributes:
        name: of the layer.
        probe: accuracy of a linear probe on held-out rows, or R².
        separation: share of the variance that lies between classes.
        dimensions, units: how many dimensions the rows use, and how many numbers the layer gives.
    """

    name: str
    probe: float
    separation: float
    dimensions: float
    units: int


@dataclass(frozen=True, slots=True)
class LayerScores(Output):
    """Of every layer.

    Attributes:
        layers: in order.
        measure: what the probe is scored by: "accuracy", or "R²" for quantities.
        guess: the accuracy of always answering the most frequent class; NaN where there are none.
        words: which rows.
    """

    layers: tuple[LayerScore, ...]
    measure: str
    guess: float
    words: str


def make_layer_scores(trainer: Trainer, asked: Asked) -> LayerScores:
    """The scores of the input and of every shown layer."""
    rows = compared_rows(trainer)
    labels = class_labels(trainer, rows.y)
    layers = tuple(_score(layer, rows.y, labels) for layer in read_layers(trainer, rows.x))
    measure = "R²" if labels is None else "accuracy"
    guess = NAN
    if labels is not None and (labels >= 0).any():
        guess = float(np.bincount(labels[labels >= 0]).max() / (labels >= 0).sum())
    return LayerScores(layers, measure, guess, rows.words)


def _score(layer: LayerValues, y: NDArray[Any], labels: NDArray[np.int64] | None) -> LayerScore:
    if not layer.finite:
        return LayerScore(layer.name, NAN, NAN, NAN, layer.units)
    dimensions = participation_ratio(layer.values)
    if labels is None:
        return LayerScore(layer.name, _probe_targets(layer.values, y), NAN, dimensions, layer.units)
    counts = labels >= 0
    rows, kept = layer.values[counts], labels[counts]
    if len(kept) < _FEWEST or len(np.unique(kept)) < 2:
        return LayerScore(layer.name, NAN, NAN, dimensions, layer.units)
    return LayerScore(layer.name, probe_classes(rows, kept), class_separation(rows, kept), dimensions, layer.units)


def _probe_targets(rows: NDArray[Any], y: NDArray[Any]) -> float:
    """R² for quantities."""
    return probe_numbers(rows, y.reshape(len(y), -1).astype(np.float64)) if len(y) >= _FEWEST else NAN


def suits(trainer: Trainer) -> bool:
    """Rows have a class or some quantities each, not a class for each place of a picture."""
    return has_numbers(trainer) or trainer.split.train.y.ndim <= 2


def list_layers(shown: LayerScores) -> Table:
    """A row for each layer."""
    rows = [(each.name, each.probe, each.separation, each.dimensions, each.units) for each in shown.layers]
    return Table(("layer", f"probe_{shown.measure}", "separation", "dimensions", "units"), rows)


LAYER_SCORES = View(
    "layer scores",
    LayerScores,
    suits,
    make_layer_scores,
    about="What a linear probe reads off each layer, how far apart its classes are, and how many dimensions it uses.",
    group="inside",
    order=12,
    table=list_layers,
)
