"""Activations, losses and schedules as the curves that they are, worked out by their definitions in NumPy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.two_stages import row_width
from nnplay.fields import fill
from nnplay.operations.scoring import softmax
from nnplay.records.definitions import apply_layer, default_settings, run_definitions
from nnplay.records.layer import LayerRecord
from nnplay.records.loss import LossRecord
from nnplay.records.schedule import ScheduleRecord
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row

Array = NDArray[Any]

_REACH = 3.0
"""Numbers from −3 to 3 are drawn on the axis of an activation or loss."""
_HIGHEST = 4.0
"""Losses are drawn up to there."""
_STEPS = 1500
"""Steps of a run over which a schedule is drawn."""


def draw_activation(record: LayerRecord, width: int, height: int, look: Look) -> list[Row]:
    """What comes out for numbers from −3 to 3; of two neighbours the first, beside a 0, for those that compare."""
    x = np.linspace(-_REACH, _REACH, 8 * width)
    y = apply_layer(record, np.stack([x, np.zeros_like(x)], axis=1))[:, 0]
    low, high = min(-1.0, float(y.min())), max(1.0, float(y.max()))
    return _curve(x, y, (low, high), width, height, look)


def draw_loss(record: LossRecord, width: int, height: int, look: Look) -> list[Row]:
    """The loss of one row as its prediction moves: away from the target 0, or towards the right class and past it."""
    values, numbers = default_settings(record)
    x = np.linspace(0.01, 0.99, 4 * width) if record.ends else np.linspace(-_REACH, _REACH, 4 * width)
    y = np.array([_loss_at(record, values, numbers, float(place)) for place in x])
    return _curve(x, y, (0.0, min(_HIGHEST, max(1.0, float(y.max())))), width, height, look)


def _loss_at(record: LossRecord, values: Mapping[str, Any], numbers: Mapping[str, Array], place: float) -> float:
    prediction, target = _example(record, place)
    made = record.plan(values, prediction.shape[1:])
    operands = {"prediction": prediction, "target": target, **numbers, **(made.constants or {})}
    clock = {"seed": 0, "step": 0, "batch": 0}
    return float(run_definitions(made.forward, operands, clock)["loss"].ravel()[0])


def _example(record: LossRecord, place: float) -> tuple[Array, Array]:
    """A prediction that moves, and what is wanted."""
    if record.target == "groups":  # a row beside one of its class, with one of another class to the right
        return np.array([[place], [0.0], [2.0]]), np.array([0.0, 0.0, 1.0])
    if record.target == "boxes":
        return _example_of_boxes(record, place)
    if record.target == "sequence":  # one label in one step
        return np.array([[[0.0, place]]]), np.array([[1.0]])
    of_classes = record.target in ("labels", "distribution") or record.answer is softmax
    outputs = record.outputs(2 if of_classes else 1)
    prediction = np.array([[place, 1 - place if record.ends else 0.0][:outputs]])
    if record.ends == "log_softmax":
        prediction = np.log(prediction)
    if record.target == "labels":
        return prediction, np.array([0.0 if outputs > 1 else 1.0])
    wanted = {"binary": [1.0], "counts": [1.0], "distribution": [1.0, 0.0]}
    return prediction, np.array([wanted.get(record.target, [0.0] * outputs)])


def _example_of_boxes(record: LossRecord, place: float) -> tuple[Array, Array]:
    """One object in the middle: the logit of its class moves, or that of an anchor that lies on it."""
    box = (0.25, 0.25, 0.75, 0.75)
    target = np.array([[[1.0, *box]]])
    if record.classes is None or "rois" not in {field.name for field in record.fields}:
        return np.array([*np.log([0.25] * 4), place]).reshape(1, 1, 1, 5), target
    values, _ = default_settings(record)
    proposals = np.zeros(values["rois"] * row_width(values["class_count"], values["mask"]))
    return np.concatenate([proposals, [place, 0, 0, 0, 0], box])[None], target


def draw_schedule(record: ScheduleRecord, width: int, height: int, look: Look) -> list[Row]:
    """The factor of the learning rate over a run."""
    steps = np.linspace(0, _STEPS, 2 * width)
    factors = np.asarray(record.factor(fill(record.fields, {}, record.name), np.floor(steps)))
    return _curve(steps, factors, (0.0, max(1.0, float(factors.max()))), width, height, look)


def _curve(x: Array, y: Array, limits: tuple[float, float], width: int, height: int, look: Look) -> list[Row]:
    """One curve over its axes."""
    sketch = Sketch(width, height, (float(x[0]), float(x[-1])), limits, look)
    sketch.axes()
    sketch.line(x.tolist(), [value if value <= limits[1] else math.nan for value in y.tolist()], look.series(0))
    return sketch.rows()
