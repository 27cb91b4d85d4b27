"""Slices of the loss: directions through a run's weights, and the loss on a grid along them.

Li, Xu, Taylor, Studer and Goldstein, Visualizing the Loss Landscape of Neural Nets (2018).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.tape.machines.machine import EvalRows
from nnplay.training.scores.evaluation import arrays_of
from nnplay.training.trainer import Trainer

Floats = NDArray[np.float64]
#: Training rows that the loss is worked out on at the most.
MOST_ROWS: Final = 256
#: Fewer where a loss would take more multiply-adds than that, but so many at least.
_COST: Final = 1e7
_LEAST_ROWS: Final = 32
#: Points of a side: the finest, and what there is time for, coarse to fine.
SIDES: Final = (51, 35, 25, 17, 11, 7)


class Plane:
    """The loss of a run around its present weights; its numbers are put back after each question.

    Attributes:
        weights: the trained parameters as one vector (M,), padding between tensors left out.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._machine, stage = trainer.machine, trainer.machine.tape.stages[0]
        self._trainer, self._slot = trainer, stage.named["parameters"]
        self._own = self._machine.tape.layout.numbers_of(self._slot)
        self.weights = self._machine.view(self._slot)[self._own].astype(np.float64)
        self._rows = self._load()

    def _load(self) -> EvalRows:
        data, arrays = self._trainer.split.train, arrays_of(self._trainer.split.train, self._trainer.form)
        affordable = int(_COST / max(1, self._trainer.plan.multiply_adds))
        count = min(MOST_ROWS, max(_LEAST_ROWS, affordable))
        if len(data) > count:
            chosen = np.linspace(0, len(data) - 1, count).astype(np.int64)
            arrays = {name: array[chosen] for name, array in arrays.items()}
        return self._machine.load_eval(arrays)

    def losses(self, points: Floats) -> Floats:
        """The loss (k,) at each of some weights (k, M)."""
        view = self._machine.view(self._slot)
        kept, found = view.copy(), np.empty(len(points))
        try:
            for k, point in enumerate(points):
                view[self._own] = point
                found[k] = self._machine.evaluate(self._rows)[0]
        finally:
            view[...] = kept
        return found

    def grid(self, middle: Floats, directions: Floats, across: Floats, upright: Floats) -> Floats:
        """The loss (upright, across) at middle + a·directions[0] + b·directions[1]."""
        view = self._machine.view(self._slot)
        kept, found = view.copy(), np.empty((len(upright), len(across)))
        rows = (middle + np.multiply.outer(upright, directions[1])).astype(view.dtype)
        columns = np.multiply.outer(across, directions[0]).astype(view.dtype)
        own, evaluate = self._own, self._machine.evaluate
        try:
            for i, row in enumerate(rows):
                for j, column in enumerate(columns):
                    view[own] = row + column
                    found[i, j] = evaluate(self._rows)[0]
        finally:
            view[...] = kept
        return found

    def side_for(self, seconds: float) -> int:
        """Points of a side that there is time for."""
        began = time.perf_counter()
        self.losses(np.array([self.weights, self.weights]))
        each = (time.perf_counter() - began) / 2
        return next((side for side in SIDES if side * side * each <= seconds), SIDES[-1])

    def random_directions(self, count: int = 2) -> Floats:
        """Random directions (count, M), each filter as long as its weights; biases and the like do not move."""
        tape, found = self._machine.tape, []
        for number in range(count):
            parts = []
            for k, full in enumerate(tape.stages[0].gradients):
                slot = tape.parameters[full]
                weights = self._machine.view(slot).astype(np.float64)
                drawn = rng.normal(number, rng.WEIGHTS + k, 1, weights.shape)
                parts.append(
                    (_filter_normalised(drawn, weights) if tape.planned[full][0].decays else 0 * drawn).ravel()
                )
            found.append(np.concatenate(parts))
        return np.array(found)


def _filter_normalised(drawn: Floats, weights: Floats) -> Floats:
    """Drawn numbers, for each output (the last axis) as long as the weights that lead to it."""
    axes = tuple(range(weights.ndim - 1))
    lengths, wanted = (np.sqrt(np.sum(array * array, axis=axes, keepdims=True)) for array in (drawn, weights))
    return np.asarray(drawn * wanted / np.maximum(lengths, 1e-300))


def path_directions(path: Floats) -> Floats | None:
    """The two directions (2, M) of unit length along which a path (k, M) spreads most; None for one that does not."""
    moved = path - path[-1]
    values, vectors = np.linalg.eigh(moved @ moved.T)
    if len(path) < 3 or not values[-2] > 1e-12 * values[-1]:
        return None
    found = vectors[:, -2:][:, ::-1].T @ moved
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def project(points: Floats, middle: Floats, directions: Floats) -> Floats:
    """Where points (k, M) lie along two directions (2, M) through the middle, (k, 2), in least squares."""
    return np.asarray(np.linalg.lstsq(directions.T, (points - middle).T, rcond=None)[0].T)


def reach_of(places: Sequence[Any] | Floats, least: float) -> tuple[Floats, Floats]:
    """Ends (2,) of both axes that hold all places (k, 2) and the origin, with a margin."""
    every = np.vstack([np.zeros((1, 2)), np.asarray(places, np.float64).reshape(-1, 2)])
    low, high = every.min(axis=0), every.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2 * 1.25, least)
    return np.array([middle[0] - half[0], middle[0] + half[0]]), np.array([middle[1] - half[1], middle[1] + half[1]])
