"""How the loss curves around a run's weights: products with the Hessian, and its largest eigenvalues.

A product H·v is the difference of two gradients in float64 that the tape's own rows give, (g(w + εv) − g(w − εv)) / 2ε:
right to about ten digits, for every layer and loss.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.records.registry import optimizer_records
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.training.trainer import Trainer

Floats = NDArray[np.float64]
#: Training rows that the curvature is measured on at the most, and at the least; and multiply-adds of one pass forward.
MOST_ROWS: Final = 1_024
FEWEST_ROWS: Final = 64
_PASS_COST: Final = 10_000_000
#: Weights beyond which a Hessian product takes too long to be asked for while one looks.
MOST_WEIGHTS: Final = 200_000
#: Rounds of the power iteration at the most, and the change of an eigenvalue that ends it.
_ROUNDS: Final = 30
_SETTLED: Final = 1e-3
_REACH: Final = 1e-4
_made: WeakKeyDictionary[Trainer, Curvature] = WeakKeyDictionary()


class Curvature:
    """Loss, gradient and Hessian products of a run's trained parameters as one vector (M,), in a memory of its own.

    Attributes:
        rows, all_rows: training rows that it is measured on, spread over all that there are.
        searches: for eigenvalues, as far as they are, by who asked for them.
        directions: the eigenvectors (k, M) that a search has found.

    Raises:
        InputError: too many weights.
    """

    def __init__(self, trainer: Trainer) -> None:
        if trainer.plan.parameter_count > MOST_WEIGHTS:
            raise InputError(f"the network has more than {MOST_WEIGHTS:,} weights, too many for Hessian products")
        rows = trainer.split.train
        affordable = _PASS_COST // max(1, trainer.plan.multiply_adds)
        self.rows, self.all_rows = min(len(rows), max(FEWEST_ROWS, min(MOST_ROWS, affordable))), len(rows)
        chosen = np.linspace(0, len(rows) - 1, self.rows).astype(np.int64)
        part = rows.part(chosen, x=rows.x[chosen], y=rows.y[chosen])
        split = replace(trainer.split, train=part, validation=None, test=None)
        settings = trainer.settings.changed(
            batch_size="all", dtype="float64", threads=1, accumulate=1, average="none", use_average=False,
            clip_norm=0.0, clip_value=0.0, shuffle=False, groups="", validate_every=0, schedule=None,
        )  # fmt: skip
        optimizer = optimizer_records()["sgd"](lr=0.0)
        self._twin = Trainer(
            trainer.network, split, trainer.loss, optimizer, settings=settings, machine=CpuMachine.begin
        )
        self._machine, self._stage = self._twin.machine, self._twin.machine.tape.stages[0]
        self._weights = self._machine.view(self._stage.named["parameters"])
        self._own = self._machine.tape.layout.numbers_of(self._stage.named["parameters"])
        self.searches: dict[str, Search] = {}
        self.directions: Floats | None = None

    @property
    def ready(self) -> bool:
        """Whether its kernels are there."""
        return self._machine.compiling is None

    def take(self, tensors: dict[str, NDArray[Any]]) -> Floats:
        """Takes over weights and running statistics by name; returns the trained ones as one vector (M,)."""
        own = self._twin.tensors()
        for name in self._machine.tape.parameters:
            own[name][...] = tensors[name]
        for name in self._machine.tape.buffers:
            own[name][...] = tensors[name]
        return self._weights[self._own].copy()

    def gradient(self, weights: Floats) -> tuple[float, Floats]:
        """Loss and gradient (M,) at these weights (M,)."""
        self._weights[self._own] = weights
        self._machine.run_table(self._machine.current_batch, self._stage.rows.update_at)
        loss = float(self._machine.view(self._stage.named["loss"])[0])
        return loss, self._machine.view(self._stage.named["gradients"])[self._own].copy()

    def product(self, weights: Floats, direction: Floats) -> Floats:
        """H·v for a direction v (M,)."""
        length = float(np.linalg.norm(direction))
        if not length > 0:
            return np.zeros_like(direction)
        step = _REACH * max(1.0, float(np.linalg.norm(weights)) / np.sqrt(len(weights))) / length
        ahead, behind = (self.gradient(weights + sign * step * direction)[1] for sign in (1.0, -1.0))
        return np.asarray((ahead - behind) / (2 * step))

    def hessian(self, weights: Floats) -> Floats:
        """The whole Hessian (M, M), symmetric."""
        columns = [self.product(weights, unit) for unit in np.eye(len(weights))]
        found = np.array(columns)
        return (found + found.T) / 2

    def largest(self, weights: Floats, count: int = 2) -> tuple[Floats, Floats]:
        """The eigenvalues (k,) largest in size, and their eigenvectors (k, M)."""
        search = Search(self, weights, count)
        while not search.done:
            search.take_round()
        return search.values, search.vectors


class Search:
    """The eigenvalues largest in size at some weights, by power iteration and deflation, a product at a time.

    Args:
        weights: (M,).
        count: how many are wanted.
        step: of the run, that has these weights.

    Attributes:
        values, vectors: the eigenvalues (k,) and eigenvectors (k, M), once it is `done`.
    """

    def __init__(self, curvature: Curvature, weights: Floats, count: int = 2, step: int = 0) -> None:
        self._curvature, self._weights, self.step = curvature, weights, step
        count = min(count, len(weights))
        self.values, self.vectors = np.zeros(count), np.zeros((count, len(weights)))
        self._random = np.random.Generator(np.random.PCG64(0))
        self._found = self._rounds = 0
        self._v = self._random.standard_normal(len(weights))

    @property
    def done(self) -> bool:
        """Whether all are found."""
        return self._found == len(self.values)

    @property
    def words(self) -> str:
        """How far it is."""
        return f"eigenvalue {self._found + 1} of {len(self.values)}, round {self._rounds + 1}"

    def go_on(self, seconds: float) -> bool:
        """Takes rounds for so long, at least one; returns whether all are found."""
        end = time.perf_counter() + seconds
        while not self.done:
            self.take_round()
            if time.perf_counter() > end:
                break
        return self.done

    def take_round(self) -> None:
        """One product with the Hessian."""
        k, v = self._found, self._v
        v -= self.vectors[:k].T @ (self.vectors[:k] @ v)
        v /= max(float(np.linalg.norm(v)), 1e-300)
        product, before = self._curvature.product(self._weights, v), self.values[k]
        self.values[k], self._rounds = float(v @ product), self._rounds + 1
        settled = abs(self.values[k] - before) <= _SETTLED * abs(self.values[k])
        self._v = v if settled else product
        if settled or self._rounds == _ROUNDS:
            self.vectors[k] = self._v / max(float(np.linalg.norm(self._v)), 1e-300)
            self._found, self._rounds = k + 1, 0
            self._v = self._random.standard_normal(len(self._weights))


def curvature_of(trainer: Trainer) -> Curvature:
    """The run's own, made when it is first asked for."""
    if trainer not in _made:
        _made[trainer] = Curvature(trainer)
    return _made[trainer]
