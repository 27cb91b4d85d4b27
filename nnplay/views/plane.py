"""Pictures over the plane of two inputs: the network's answer, and that of each unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import plane_inputs
from nnplay.views.fed_network import REACHES, fed_network
from nnplay.views.rows import raw_inputs
from nnplay.views.view import Output

Array = NDArray[Any]
Floats = NDArray[np.float32]
#: The plane that synthetic sets live in, as in TensorFlow Playground.
PLANE: Final = (-6.0, 6.0)
MAX_POINTS: Final = 500
MAX_PICTURED_UNITS: Final = 64
MAX_PICTURED_LAYERS: Final = 16


@dataclass(frozen=True, slots=True)
class Points:
    """Examples over a picture: places (n, 2) in the raw plane, targets (n,), and which are held out of training."""

    places: Floats
    targets: Floats
    held_out: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Surface(Output):
    """The network's answer over its two raw inputs.

    Attributes:
        values: (rows, columns), first row at the top (largest x₂); a signed number, or a class index if `classes` > 2.
        low, high: values at the two ends of the colour scale.
    """

    values: Floats
    classes: int
    low: float
    high: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    points: Points | None


def find_ranges(trainer: Trainer) -> tuple[tuple[float, float], tuple[float, float]]:
    """The part of the plane that is drawn: Playground's for synthetic sets, the data's own for tables."""
    places = raw_inputs(trainer, trainer.split.train)
    if trainer.split.train.raw is not None and float(np.abs(places).max()) <= PLANE[1] * 1.1:
        return PLANE, PLANE
    low, high = places.min(axis=0), places.max(axis=0)
    pad = np.maximum((high - low) * 0.05, 1e-6)
    edges = [(float(a - p), float(b + p)) for a, b, p in zip(low, high, pad, strict=True)]
    return edges[0], edges[-1]


def make_grid(trainer: Trainer, rows: int, columns: int) -> Array:
    """Network inputs (rows·columns, …) for a picture of the plane, first row at the top."""
    (x0, x1), (y0, y1) = find_ranges(trainer)
    x = x0 + (np.arange(columns) + 0.5) * (x1 - x0) / columns
    y = y1 - (np.arange(rows) + 0.5) * (y1 - y0) / rows
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return trainer.split.inputs(points.astype(np.float32))


def make_surface(trainer: Trainer, rows: int, columns: int, *, held_out: bool = False, target: int = 0) -> Surface:
    """The answer over the plane, with examples; `held_out` adds those of validation and test.

    Args:
        target: which one is shown, for regression with several.
    """
    answers = trainer.answers(make_grid(trainer, rows, columns))
    values, classes, low, high = _to_one_number(trainer, answers, target)
    x_range, y_range = find_ranges(trainer)
    shaped = values.reshape(rows, columns).astype(np.float32)
    return Surface(shaped, classes, low, high, x_range, y_range, _make_points(trainer, held_out, target))


def _to_one_number(trainer: Trainer, answers: Array, target: int) -> tuple[Array, int, float, float]:
    """Answers as one number a row: −1 … 1 for two classes, class indices for more, values for regression."""
    form, classes = trainer.form, trainer.split.outputs
    if form.decide is None:
        targets = trainer.split.train.y[:, target]
        bound = float(max(np.abs(targets).max(), 1e-9))
        return form.estimate(answers).reshape(len(answers), -1)[:, target], 0, -bound, bound
    if classes > 2:
        return form.decide(answers), classes, 0.0, float(classes - 1)
    if form.probabilities is not None:
        return form.probabilities(answers)[:, -1] * 2.0 - 1.0, 2, -1.0, 1.0
    score = answers[:, 0] if answers.shape[-1] == 1 else (answers[:, 1] - answers[:, 0]) / 2.0
    return score, 2, -1.0, 1.0


def _make_points(trainer: Trainer, held_out: bool, target: int) -> Points:
    places, targets, held = [], [], []
    for name in ("train", "validation", "test") if held_out else ("train",):
        part = getattr(trainer.split, name)
        if part is not None:
            places.append(raw_inputs(trainer, part)[:MAX_POINTS])
            targets.append(np.asarray(part.y).reshape(len(part), -1)[:MAX_POINTS, target])
            held.append(np.full(len(places[-1]), name != "train"))
    joined = np.concatenate(targets).astype(np.float32)
    if trainer.split.task == "classification" and trainer.split.outputs == 2:
        joined = joined * 2 - 1
    return Points(np.concatenate(places).astype(np.float32), joined, np.concatenate(held))


def make_neuron_pictures(trainer: Trainer, size: int, network: str = "") -> dict[tuple[int, int], Floats]:
    """What every unit of every small layer answers over the plane: (layer, unit) → (size, size).

    Args:
        network: the one beside the run's own whose units they are: over two numbers of noise where it is fed these.

    Returns nothing where there is no such plane.
    """
    fed = fed_network(trainer, network)
    if fed is None or (fed.noise or plane_inputs(trainer)) != 2:
        return {}
    rows = fed.noise_plane(size) if fed.noise else make_grid(trainer, size, size)
    steps = [
        (number, planned)
        for number, planned in enumerate(fed.plan.layers)
        if len(planned.plan.output) == 1 and planned.plan.output[0] <= MAX_PICTURED_UNITS
    ][:MAX_PICTURED_LAYERS]
    answers = fed.forward(trainer, rows, [f"{planned.path}.output" for _, planned in steps])
    return {
        (number, unit): answers[f"{planned.path}.output"][:, unit].reshape(size, size).astype(np.float32)
        for number, planned in steps
        for unit in range(planned.plan.output[0])
    }


def plane_range(trainer: Trainer, network: str) -> tuple[float, float]:
    """Where the plane of the pictures of `make_neuron_pictures` begins and ends, both ways."""
    fed = fed_network(trainer, network)
    reach = REACHES[fed.distribution] if fed is not None and fed.noise else PLANE[1]
    return -reach, reach
