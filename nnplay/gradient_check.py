"""Gradient check: the computed gradient beside finite differences of the loss, in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.trainer import Trainer

Array = NDArray[Any]
#: Half the distance of the two losses whose difference is taken.
EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found for some elements of one parameter.

    Attributes:
        name: of the parameter.
        indices: of the elements, (n, rank).
        computed, measured: backpropagated and finite-difference gradients, (n,).
        relative_error: |computed − measured| / max(|computed| + |measured|, 1e-12), (n,).
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


def check_gradient(trainer: Trainer, name: str, elements: int = 100, at: tuple[int, ...] | None = None) -> Check:
    """Checks the gradient of one parameter on the present batch, with the present weights.

    Args:
        elements: how many elements to check at the most, spread evenly over the tensor.
        at: one element instead.

    Raises:
        InputError: no trained parameter has that name, or the index is not in it.
    """
    twin = in_float64(trainer)
    parameters = twin.parameters()
    if name not in parameters or f"d{name}" not in {slot.name for slot in twin.machine.tape.layout.slots["gradients"]}:
        raise InputError(f"'{name}' is no trained parameter", where="gradient check", hint=", ".join(parameters))
    values = parameters[name]
    if at is None:
        chosen = np.unique(np.linspace(0, values.size - 1, min(elements, values.size)).astype(np.int64))
    else:
        if len(at) != values.ndim or any(not 0 <= k < size for k, size in zip(at, values.shape, strict=True)):
            raise InputError(f"{list(at)} is not in '{name}' of shape {list(values.shape)}", where="gradient check")
        chosen = np.array([np.ravel_multi_index(at, values.shape)])
    machine = twin.machine
    machine.shuffle()
    table, n = machine.batch_now
    backward_end = sum(row.phase != "update" for row in machine.tape.train)
    machine.run_table(table, backward_end)
    computed = machine.view(machine.tape.layout.find(f"d{name}"), n).reshape(-1)[chosen].copy()
    measured = _measured(twin, values.reshape(-1), chosen)
    scale = np.maximum(np.abs(computed) + np.abs(measured), 1e-12)
    indices = np.stack(np.unravel_index(chosen, values.shape), axis=1)
    return Check(name, indices, computed, measured, np.abs(computed - measured) / scale)


def in_float64(trainer: Trainer) -> Trainer:
    """A twin of the trainer that computes in float64, with the same weights at the same moment."""
    twin = Trainer(
        trainer.network,
        trainer.split,
        trainer.loss,
        trainer.optimizer,
        setup=trainer.setup.changed(real="float64", threads=1),
    )
    state = trainer.state()
    twin.machine.state()[...] = state.memory
    twin.machine.clock[:] = state.clock
    return twin


def _measured(twin: Trainer, flat: Array, chosen: Array) -> Array:
    machine = twin.machine
    table, n = machine.batch_now
    last = sum(row.phase in ("data", "forward", "loss") for row in machine.tape.train)
    loss = machine.view(machine.tape.named["loss"], n)
    measured = np.empty(len(chosen))
    for k, element in enumerate(chosen):
        kept, losses = flat[element], []
        for shift in (EPSILON, -EPSILON):
            flat[element] = kept + shift
            machine.run_table(table, last)
            losses.append(float(loss[0]))
        flat[element] = kept
        measured[k] = (losses[0] - losses[1]) / (2 * EPSILON)
    return measured
