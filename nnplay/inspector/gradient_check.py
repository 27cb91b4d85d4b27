"""Gradient check: the computed gradient beside finite differences of the loss, in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.kernels.compile.background import Compilation
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.machine import Table
from nnplay.tape.tape import Stage
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: Half the distance of the two losses whose difference is taken; a second pair stands twice as far apart.
EPSILON: Final = 1e-4
#: The smallest gradient that a relative error is taken of: a share of the tensor's largest, and at the least.
FLOOR: Final = 1e-4
TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found for some elements of one parameter.

    Attributes:
        name: of the parameter.
        indices: of the elements, (n, rank).
        computed, measured: backpropagated and finite-difference gradients, (n,).
        relative_error: |computed − measured| / (|computed| + |measured|), (n,); where both are tiny beside the tensor's
            largest gradient, in proportion to 1e-4 of that: differences cannot measure less.
    """

    name: str
    indices: NDArray[np.int64]
    computed: Array
    measured: Array
    relative_error: Array

    @property
    def worst(self) -> float:
        """The largest relative error."""
        return float(self.relative_error.max(initial=0.0))


class Checker:
    """Checks gradients of one trainer with a twin in float64, which is made once.

    What is checked are the kernels, so those for float64 must be there: `compiling` says how far they are.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.twin = in_float64(trainer)

    @property
    def compiling(self) -> Compilation | None:
        """The float64 kernels that `check` would wait for."""
        return self.twin.machine.compiling

    def check(self, name: str, elements: int = 100, at: tuple[int, ...] | None = None) -> Check:
        """Checks the gradient of one parameter on the present batch, with the present weights.

        Args:
            elements: how many elements to check at the most, spread evenly over the tensor.
            at: one element instead.

        Raises:
            InputError: no trained parameter has that name, or the index is not in it.
            NnplayError: a kernel cannot be compiled.
        """
        if (compiling := self.compiling) is not None:
            compiling.wait()
        twin, machine = self.twin, self.twin.machine
        follow(twin, self.trainer)
        stage = next((stage for stage in machine.tape.stages if name in stage.gradients), None)
        if stage is None:
            hint = ", ".join(name for stage in machine.tape.stages for name in stage.gradients)
            raise InputError(f"'{name}' is not a trainable parameter", where="gradient check", hint=hint)
        values = twin.parameters()[name]
        chosen = _chosen(values.shape, elements, at, name)
        machine.shuffle()
        table = machine.current_batch
        n = table.n
        machine.run_table(table, _first(table, stage, "update"), stage.rows.first)
        gradient = machine.view(stage.gradients[name], n)
        computed, largest = gradient.reshape(-1)[chosen].copy(), float(np.abs(gradient).max(initial=0.0))
        measured = _measured(twin, stage, values.reshape(-1), chosen)
        scale = np.maximum(np.abs(computed) + np.abs(measured), max(FLOOR * largest, TINY))
        indices = np.stack(np.unravel_index(chosen, values.shape), axis=1)
        return Check(name, indices, computed, measured, np.abs(computed - measured) / scale)


def _chosen(shape: tuple[int, ...], elements: int, at: tuple[int, ...] | None, name: str) -> NDArray[np.int64]:
    """Places of the elements to check, in the flattened tensor."""
    size = int(np.prod(shape))
    if at is None:
        return np.unique(np.linspace(0, size - 1, min(elements, size)).astype(np.int64))
    if len(at) != len(shape) or any(not 0 <= k < count for k, count in zip(at, shape, strict=True)):
        raise InputError(f"{list(at)} is not in '{name}' of shape {list(shape)}", where="gradient check")
    return np.array([np.ravel_multi_index(at, shape)])


def in_float64(trainer: Trainer) -> Trainer:
    """A twin of the trainer that computes in float64, with the same weights at the same step; waits for no kernel."""
    twin = Trainer(
        trainer.network,
        trainer.split,
        trainer.loss,
        trainer.optimizer,
        settings=trainer.settings.changed(dtype="float64", threads=1),
        machine=CpuMachine.begin,
        players=trainer.players,
    )
    follow(twin, trainer)
    return twin


def follow(twin: Trainer, trainer: Trainer) -> None:
    """Takes the twin to where the trainer stands: weights, optimizer state, running statistics, clock."""
    own = twin.tensors()
    for name, values in trainer.tensors().items():
        own[name][...] = values
    twin.machine.clock = trainer.machine.clock


def _first(table: Table, stage: Stage, phase: str) -> int:
    """The first row of a phase of a stage."""
    first, _, end, _ = stage.rows
    return next((number for number in range(first, end) if table.rows[number].phase == phase), end)


def _measured(twin: Trainer, stage: Stage, flat: Array, chosen: NDArray[np.int64]) -> Array:
    """Differences of the loss, of fourth order: (4·slope(h) − slope(2h)) / 3 leaves an error of h⁴."""
    machine = twin.machine
    table = machine.current_batch
    last, loss = _first(table, stage, "backward"), machine.view(stage.named["loss"])

    def at(place: int, shift: float) -> float:
        kept = flat[place]
        flat[place] = kept + shift
        machine.run_table(table, last, stage.rows.first)
        flat[place] = kept
        return float(loss[0])

    def slope(place: int, h: float) -> float:
        return (at(place, h) - at(place, -h)) / (2 * h)

    return np.array([(4 * slope(place, EPSILON) - slope(place, 2 * EPSILON)) / 3 for place in chosen.tolist()])
