"""An optimizer as the path that it takes down a long valley."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import fill
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.registry import optimizer_records
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row

Array = NDArray[np.float64]

_STEEP = np.array([1.0, 12.0])
"""How steep the valley is along it and across."""
_START = np.array([-2.4, 0.9])
_STEPS = 60
_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Learning rates that are tried: each optimizer is shown at the one that suits it best here."""


def _height(place: Array) -> float:
    return float(np.sum(_STEEP * place**2) / 2)


def _walk(record: OptimizerRecord, rate: float) -> Array:
    """The places (steps + 1, 2) after each step."""
    operation = record.operation
    values = fill(record.fields, {"lr": rate}, record.name)
    settings = np.array([float(values[field.name]) for field in record.fields])
    place, slots = _START.copy(), [np.zeros(2) for _ in record.slots]
    path = [place]
    for step in range(_STEPS):
        given: dict[str, Any] = {"every": 1} if "every" in operation.integers else {}
        if operation.uses_clock:
            given["clock"] = {"step": step, "seed": 0}
        place, *slots = operation.reference(settings, _STEEP * place, place, *slots, **given)
        path.append(place)
    return np.array(path)


@functools.cache
def best_path(name: str) -> Array:
    """The walk, of those with different learning rates, that ends lowest."""

    record = optimizer_records()[name]
    return min((_walk(record, rate) for rate in _RATES), key=lambda path: _height(path[-1]))


def draw_path(record: OptimizerRecord, width: int, height: int, look: Look) -> list[Row]:
    """The path from its start to the lowest place of the valley, over lines of equal height."""
    path = best_path(record.name)
    sketch = Sketch(width, height, (-2.8, 1.2), (-1.1, 1.1), look)
    angles = np.linspace(0, 2 * np.pi, 400)
    for level in (0.3, 1.5, 4.0):
        x, y = (np.sqrt(2 * level / steep) * turn(angles) for steep, turn in zip(_STEEP, (np.cos, np.sin), strict=True))
        sketch.line(x.tolist(), y.tolist(), look.ink("faint"))
    sketch.line(path[:, 0].tolist(), path[:, 1].tolist(), look.series(0))
    sketch.point(0.0, 0.0, look.ink("accent", bold=True), look.pick("×", "x"))
    sketch.point(float(_START[0]), float(_START[1]), look.ink("strong"), look.pick("●", "o"))
    return sketch.rows()
