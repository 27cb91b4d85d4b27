"""Slices of the loss: directions through a run's weights, and the loss on a grid along them.

Li, Xu, Taylor, Studer and Goldstein, Visualizing the Loss Landscape of Neural Nets (2018).
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.errors import InputError
from nnplay.tape.machines.machine import EvalRows
from nnplay.text import clean
from nnplay.training.scores.evaluation import arrays_of
from nnplay.training.trainer import Trainer

Floats = NDArray[np.float64]
#: Training rows that the loss is worked out on at the most and at the least, and multiply-adds of a point between them.
MOST_ROWS: Final = 256
FEWEST_ROWS: Final = 32
_POINT_COST: Final = 40_000_000
_WEIGHT: Final = re.compile(r"(.+?)\[(\d+(?:,\d+)*)\]")


class Plane:
    """The loss of a run around its present weights; its numbers are put back after each question.

    Attributes:
        weights: the trained parameters as one vector (M,), padding between tensors left out.
        rows, all_rows: training rows that the loss is worked out on, spread over all that there are.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._machine, stage = trainer.machine, trainer.machine.tape.stages[0]
        self._trainer, self._slot = trainer, stage.named["parameters"]
        self._own = self._machine.tape.layout.numbers_of(self._slot)
        self.weights = self._machine.view(self._slot)[self._own].astype(np.float64)
        self._rows = self._load()

    def _load(self) -> EvalRows:
        data, arrays = self._trainer.split.train, arrays_of(self._trainer.split.train, self._trainer.form)
        affordable = _POINT_COST // max(1, self._trainer.plan.multiply_adds)
        self.rows, self.all_rows = min(len(data), max(FEWEST_ROWS, min(MOST_ROWS, affordable))), len(data)
        if self.rows < len(data):
            chosen = np.linspace(0, len(data) - 1, self.rows).astype(np.int64)
            arrays = {name: array[chosen] for name, array in arrays.items()}
        return self._machine.load_eval(arrays)

    def losses(self, points: Floats) -> Floats:
        """The loss (k,) at each of some weights (k, M)."""
        return self.slice(np.zeros_like(self.weights), np.eye(len(points)), points, math.inf)

    def slice(self, middle: Floats, places: Floats, directions: Floats, seconds: float, least: int = 0) -> Floats:
        """The loss (j,) at middle + places[k]·directions for the first j of some places (k, D), as time permits.

        Args:
            directions: (D, M).
            seconds: after which no further place is begun.
            least: how many places are worked out however long it takes.
        """
        view, began, found = self._machine.view(self._slot), time.perf_counter(), []
        kept, own, evaluate, moves = view.copy(), self._own, self._machine.evaluate, directions.astype(view.dtype)
        middle, shares = middle.astype(view.dtype), places.astype(view.dtype)
        try:
            for number, share in enumerate(shares):
                if number >= least and time.perf_counter() - began > seconds:
                    break
                view[own] = middle + share @ moves
                found.append(evaluate(self._rows)[0])
        finally:
            view[...] = kept
        return np.array(found)

    def downhill(self) -> Floats:
        """The direction (1, M) of unit length against the gradient of the last step; zeros before there is one."""
        gradient = self._machine.view(self._trainer.machine.tape.stages[0].named["gradients"])[self._own]
        length = float(np.linalg.norm(gradient.astype(np.float64)))
        return np.asarray(-gradient[None, :].astype(np.float64) / length if length > 0 else 0.0 * self.weights[None, :])

    def number_of(self, text: str) -> int:
        """Where "0.weight[3,1]" stands among the weights (M,).

        Raises:
            InputError: no trained weight is called so.
        """
        first = 0
        matched = _WEIGHT.fullmatch(text)
        for full in self._machine.tape.stages[0].gradients:
            shape = self._machine.view(self._machine.tape.parameters[full]).shape
            if matched is not None and matched[1] == full:
                index = tuple(map(int, matched[2].split(",")))
                if len(index) == len(shape) and all(at < count for at, count in zip(index, shape, strict=True)):
                    return first + int(np.ravel_multi_index(index, shape))
            first += math.prod(shape)
        raise InputError(
            f"no trained weight is called {clean(text, 40)}", where="view", hint=f"{self.name_of(0)} is the first"
        )

    def name_of(self, number: int) -> str:
        """What the weight is called that stands there: "0.weight[3,1]"."""
        for full in self._machine.tape.stages[0].gradients:
            shape = self._machine.view(self._machine.tape.parameters[full]).shape
            if number < math.prod(shape):
                return f"{full}[{','.join(str(int(at)) for at in np.unravel_index(number, shape))}]"
            number -= math.prod(shape)
        raise IndexError(number)

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
    """Where points (k, M) lie along directions (D, M) through the middle, (k, D), in least squares."""
    along = (points - middle) @ directions.T
    return np.asarray(along @ np.linalg.pinv(directions @ directions.T))


def reach_of(places: Sequence[Any] | Floats, least: float) -> tuple[Floats, Floats]:
    """Ends (2,) of axes that hold all places (k, 2) and the origin, with a margin; half of each is `least` or more."""
    every = np.vstack([np.zeros((1, 2)), np.asarray(places, np.float64).reshape(-1, 2)])
    low, high = every.min(axis=0), every.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2 * 1.25, least)
    return np.array([middle[0] - half[0], middle[0] + half[0]]), np.array([middle[1] - half[1], middle[1] + half[1]])
