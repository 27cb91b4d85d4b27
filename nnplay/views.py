"""Pictures of what a network answers: surface, curve, scatter, confusion matrix, image grid, neuron pictures."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.metrics import confusion_matrix
from nnplay.snapshot import Confusion, Fit, Images, Output, Points, Scatter, Surface
from nnplay.trainer import Trainer

Array = NDArray[Any]
#: The plane that synthetic sets live in, as in TensorFlow Playground.
PLANE: Final = (-6.0, 6.0)
MAX_POINTS: Final = 500
MAX_ROWS: Final = 2_000
MAX_PICTURED_UNITS: Final = 64
MAX_PICTURED_LAYERS: Final = 16
_SHOWN_IMAGES: Final = 24
_WORST: Final = 5


def plane_inputs(trainer: Trainer) -> int:
    """How many raw coordinates the inputs come from: 1 or 2 where they can be drawn over, else 0."""
    train = trainer.split.train
    raw = train.raw
    if raw is not None:
        return raw.shape[1] if raw.shape[1] in (1, 2) else 0
    flat = len(trainer.split.feature_shape) == 1
    return trainer.split.feature_shape[0] if flat and trainer.split.feature_shape[0] in (1, 2) else 0


def ranges(trainer: Trainer) -> tuple[tuple[float, float], tuple[float, float]]:
    """The part of the plane that is drawn: Playground's for synthetic sets, the data's own for tables."""
    raw = _raw(trainer, "train")
    if trainer.split.train.raw is not None and float(np.abs(raw).max()) <= PLANE[1] * 1.1:
        return PLANE, PLANE
    low, high = raw.min(axis=0), raw.max(axis=0)
    pad = np.maximum((high - low) * 0.05, 1e-6)
    edges = [(float(a - p), float(b + p)) for a, b, p in zip(low, high, pad, strict=True)]
    return edges[0], edges[-1]


def grid(trainer: Trainer, rows: int, columns: int) -> Array:
    """Network inputs (rows·columns, …) for a picture of the plane, first row at the top."""
    (x0, x1), (y0, y1) = ranges(trainer)
    x = x0 + (np.arange(columns) + 0.5) * (x1 - x0) / columns
    y = y1 - (np.arange(rows) + 0.5) * (y1 - y0) / rows
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return trainer.split.inputs(points.astype(np.float32))


def surface(trainer: Trainer, rows: int, columns: int, *, held_out: bool = False) -> Surface:
    """The answer over the plane, with examples; `held_out` adds those of validation and test."""
    answers = trainer.predict(grid(trainer, rows, columns))
    values, classes, low, high = _signed(trainer, answers)
    x_range, y_range = ranges(trainer)
    shaped = values.reshape(rows, columns).astype(np.float32)
    return Surface(shaped, classes, low, high, x_range, y_range, _points(trainer, held_out))


def _signed(trainer: Trainer, answers: Array) -> tuple[Array, int, float, float]:
    """Answers as one number a row: −1 … 1 for two classes, class indices for more, values for regression."""
    form, classes = trainer.form, trainer.split.outputs
    if form.decide is None:
        targets = trainer.split.train.y[:, 0]
        bound = float(max(np.abs(targets).max(), 1e-9))
        return answers.reshape(len(answers), -1)[:, 0], 0, -bound, bound
    if classes > 2:
        return form.decide(answers), classes, 0.0, float(classes - 1)
    if form.probabilities is not None:
        return form.probabilities(answers)[:, -1] * 2.0 - 1.0, 2, -1.0, 1.0
    score = answers[:, 0] if answers.shape[-1] == 1 else (answers[:, 1] - answers[:, 0]) / 2.0
    return score, 2, -1.0, 1.0


def _points(trainer: Trainer, held_out: bool) -> Points:
    places, targets, held = [], [], []
    for name in ("train", "validation", "test") if held_out else ("train",):
        part = getattr(trainer.split, name)
        if part is not None:
            places.append(_raw(trainer, name)[:MAX_POINTS])
            targets.append(np.asarray(part.y).reshape(len(part), -1)[:MAX_POINTS, 0])
            held.append(np.full(len(places[-1]), name != "train"))
    joined = np.concatenate(targets).astype(np.float32)
    if trainer.split.task == "classification" and trainer.split.outputs == 2:
        joined = joined * 2 - 1
    return Points(np.concatenate(places).astype(np.float32), joined, np.concatenate(held))


def _raw(trainer: Trainer, part: str) -> Array:
    data = getattr(trainer.split, part)
    if data.raw is not None:
        return np.asarray(data.raw)
    return trainer.split.scaler.inverse(data.x)


def neuron_pictures(trainer: Trainer, size: int) -> dict[tuple[int, int], NDArray[np.float32]]:
    """What every unit of every small layer answers over the plane: (layer, unit) → (size, size)."""
    steps = [
        (number, step)
        for number, step in enumerate(trainer.plan.steps)
        if len(step.plan.output) == 1 and step.plan.output[0] <= MAX_PICTURED_UNITS
    ][:MAX_PICTURED_LAYERS]
    names = [f"check {step.path}.output" for _, step in steps]
    answers = trainer.forward(grid(trainer, size, size), names)
    return {
        (number, unit): answers[name][:, unit].reshape(size, size).astype(np.float32)
        for (number, step), name in zip(steps, names, strict=True)
        for unit in range(step.plan.output[0])
    }


def output(trainer: Trainer) -> Output | None:
    """The view that suits the task, on the validation rows (or the training rows where there are none)."""
    part = trainer.split.validation or trainer.split.train
    x, y = part.x[:MAX_ROWS], part.y[:MAX_ROWS]
    if trainer.form.decide is None:
        return _fit(trainer) if plane_inputs(trainer) == 1 else _scatter(trainer, x, y)
    if y.ndim != 1:
        return None
    answers = trainer.predict(x)
    predicted = trainer.form.decide(answers)
    labels = part.class_names
    if len(part.feature_shape) == 3 and part.feature_shape[2] == 1:
        return _images(x, y, predicted, labels)
    sure = trainer.form.probabilities(answers) if trainer.form.probabilities else None
    worst = _worst_mistakes(y, predicted, sure, labels)
    return Confusion(confusion_matrix(y, predicted, len(labels)), tuple(labels), worst)


def _fit(trainer: Trainer) -> Fit:
    raw = _raw(trainer, "train")[:, 0]
    low, high = float(raw.min()), float(raw.max())
    x = np.linspace(low, high, 160, dtype=np.float32)
    y = trainer.predict(trainer.split.inputs(x[:, None])).reshape(len(x), -1)[:, :1]
    back = trainer.split.scaler.inverse_target
    points = back(trainer.split.train.y)[:MAX_POINTS, 0]
    return Fit(x, back(y)[:, 0].astype(np.float32), raw[:MAX_POINTS].astype(np.float32), points.astype(np.float32))


def _scatter(trainer: Trainer, x: Array, y: Array) -> Scatter:
    back = trainer.split.scaler.inverse_target
    answers = back(trainer.predict(x).reshape(y.shape)).reshape(len(y), -1)[:, 0]
    return Scatter(back(y).reshape(len(y), -1)[:, 0].astype(np.float32), answers.astype(np.float32))


def _images(x: Array, y: Array, predicted: Array, labels: tuple[str, ...]) -> Images:
    order = np.argsort(predicted == y, kind="stable")[:_SHOWN_IMAGES]
    names = [labels[int(label)] for label in y[order]]
    said = [labels[int(label)] for label in predicted[order]]
    return Images(x[order, :, :, 0].astype(np.float32), tuple(names), tuple(said))


def _worst_mistakes(y: Array, predicted: Array, sure: Array | None, labels: tuple[str, ...]) -> tuple[str, ...]:
    wrong = np.flatnonzero(predicted != y)
    if sure is None:
        return tuple(f"row {row}: {labels[predicted[row]]}, is {labels[y[row]]}" for row in wrong[:_WORST])
    doubt = sure[wrong, y[wrong].astype(np.int64)]
    return tuple(
        f"row {row}: {labels[said]} ({sure[row, said]:.0%}), is {labels[true]} ({sure[row, true]:.0%})"
        for row, said, true in ((row, predicted[row], y[row]) for row in wrong[np.argsort(doubt)][:_WORST])
    )
