"""An optimizer as the path that it takes down a long valley."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.network.network import Network
from nnplay.records.definitions import run_definitions
from nnplay.records.operation import Use
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.registry import optimizer_records
from nnplay.tape.machines.interpreter import InterpretedMachine
from nnplay.training.trainer import Trainer
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row

Array = NDArray[np.float64]

_STEEP = np.array([1.0, 12.0])
"""How steep the valley is along it and across."""
_START = np.array([-2.4, 0.9])
_SHAPE = (1, 2)
"""The two numbers of the place are a matrix of one row, for optimizers that ask for shapes."""
_ONE_TENSOR = {"parameters": "parameter", "gradients": "gradient"}
_STEPS = 60
_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_TIMES = (1, 10, 30)
"""Learning rates that are tried, some as multiples of the usual one: the one that suits an optimizer best is shown."""


def _height(place: Array) -> float:
    return float(np.sum(_STEEP * place**2) / 2)


def _walk(record: OptimizerRecord, rate: float) -> Array:
    """The places (steps + 1, 2) after each step."""
    optimizer = record(lr=rate)
    rule = record.by_tensor(_SHAPE)
    state = {name: np.zeros(shape) for name, shape in optimizer.state_of(_SHAPE).items()}
    uses = rule.uses if rule is not None else (Use(optimizer.operation, names=_ONE_TENSOR),)
    place, known = _START.reshape(_SHAPE), {"optimizer": np.array(optimizer.numbers), **state}
    path = [place]
    for step in range(_STEPS):
        known |= {"parameter": place, "gradient": _STEEP.reshape(_SHAPE) * place}
        known = run_definitions(uses, known, clock={"step": step, "seed": 0}, every=1)
        place = known["parameter"]
        path.append(place)
    return np.array(path).reshape(-1, 2)


def _search(record: OptimizerRecord, rate: float) -> Array:
    """The places that an optimizer comes to that tries points: the valley is the error of two weights on two rows."""
    rows = Dataset(np.diag(np.sqrt(_STEEP)), np.zeros(2), task="regression")
    trainer = Trainer(
        Network("linear 1 bias=no"),
        rows,
        "mse",
        record(lr=rate),
        batch_size="all",
        dtype="float64",
        machine=InterpretedMachine,
    )
    place = trainer.parameters()["0.weight"]
    place[...] = _START[:, None]
    path = [place.copy()]
    for _ in range(_STEPS):
        trainer.run(steps=1)
        path.append(place.copy())
    return np.array(path).reshape(-1, 2)


@functools.cache
def best_path(name: str) -> Array:
    """The walk, of those with different learning rates, that ends lowest."""

    record = optimizer_records()[name]
    if record.whole is not None:
        return _search(record, 1.0)
    rates = (*_RATES, *(times * float(record.fields[0].default) for times in _TIMES))
    return min((_walk(record, rate) for rate in rates), key=lambda path: _height(path[-1]))


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
