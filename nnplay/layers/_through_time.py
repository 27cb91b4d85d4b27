"""What loops through time are, in NumPy: a cell from the first step to the last, and back.

A cell says what happens at one step; the definitions here walk the steps in the order of each direction, hand the state
on, and carry it over padding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]

#: Arrays that are as wide as the hidden state, which an LSTM with a projection has fewer numbers of than cells.
OF_STATE = ("hidden", "previous", "dhidden", "dstate")


#: At one step, for one direction: the input's part x (N, G·H), the state's part u (N, G·H) and the states before, each
#: (N, H) → what is kept by name, and the states after, `hidden` first.
Step = Callable[..., tuple[Mapping[str, Array], tuple[Array, ...]]]
#: At one step, for one direction: gradients of the states after it, each (N, H), what was kept at this step and at the
#: step before, by name → gradients by name, gradient of the state's part u (N, G·H), and what each state before
#: receives besides that, through no weights.
StepBack = Callable[..., tuple[Mapping[str, Array], Array, tuple[Array | float, ...]]]


@dataclass(frozen=True, slots=True)
class Walk:
    """How a definition goes through time, where that is not the usual way.

    Attributes:
        present: (N, T), 0 where a step is padding.
        initial: the states before the first step, each (D·H), `hidden` first; all 0 where there are none.
        reverse: the only direction reads from the last step to the first.
        truncate: the error stops in front of steps that this number divides; 0: never.
    """

    present: Array | None = None
    initial: tuple[Array, ...] = ()
    reverse: int = 0
    truncate: int = 0

    def there(self, rows: int, t: int) -> Array:
        """Which of the rows have step t, (N, 1)."""
        return np.ones((rows, 1), np.bool_) if self.present is None else self.present[:, t, None] != 0

    def steps(self, count: int, direction: int) -> list[int]:
        """The steps in the order in which a direction visits them."""
        return list(range(count))[:: -1 if direction or self.reverse else 1]


def part_of(name: str, d: int, gates: int, units: int, state: int) -> slice:
    """The part of direction d in an array (N, T, …) of that name, for a cell and a state of so many units."""
    size = gates * units if name in ("gates", "dgates") else state if name in OF_STATE else units
    return slice(d * size, (d + 1) * size)


def go_forward(
    step_of: Callable[[int], Step], writes: tuple[str, ...], states: tuple[str, ...], gates: int,
    arrays: tuple[Array, Array, Array], way: Walk,
) -> tuple[Array, ...]:  # fmt: skip
    """A cell from the first step to the last: what `writes` names.

    Args:
        step_of: from a direction to what happens there at one step.
        writes: names of what it gives, in order: what a step keeps, the states after, and `previous`, the hidden
            state before.
        states: names of the states, `hidden` first.
        arrays: inputs (N, T, D·G·H), weight_hh (D·P, G·H), bias_hh (D·G·H), for a hidden state of P numbers.
    """
    inputs, weight_hh, bias_hh = arrays
    (N, T, width), H = inputs.shape, weight_hh.shape[1] // gates
    D = width // (gates * H)
    sizes = gates, H, len(weight_hh) // D
    written = {name: np.empty((N, T, D * part_of(name, 0, *sizes).stop), inputs.dtype) for name in writes}
    for d in range(D):
        of_gates, of_state = part_of("gates", d, *sizes), part_of("hidden", d, *sizes)
        before = tuple(np.zeros((N, part_of(name, 0, *sizes).stop), inputs.dtype) for name in states)
        before = tuple(
            old + begin[part_of(name, d, *sizes)] for name, old, begin in zip(states, before, way.initial, strict=True)
        ) if way.initial else before  # fmt: skip
        for t in way.steps(T, d):
            u = before[0] @ weight_hh[of_state] + bias_hh[of_gates]
            kept, after = step_of(d)(inputs[:, t, of_gates], u, *before)
            there = way.there(N, t)
            after = tuple(np.where(there, new, old) for new, old in zip(after, before, strict=True))
            values = {**kept, "previous": before[0], **dict(zip(states, after, strict=True))}
            for name, array in written.items():
                value = values[name]
                array[:, t, part_of(name, d, *sizes)] = np.where(there, value, 0) if name == "shown" else value
            before = after
    return tuple(written.values())


def go_back(
    step_of: Callable[[int], StepBack], given: Mapping[str, Array], writes: tuple[str, ...], states: tuple[str, ...],
    gates: int, way: Walk,
) -> tuple[Array, ...]:  # fmt: skip
    """A cell from the last step back to the first: what `writes` names, and behind it, for each state, (N, D·H), the
    gradient of the one before the first step.

    Args:
        step_of: from a direction to what happens there at one step.
        given: `dhidden`, what the forward row kept, and `transposed`, weight_hhᵀ (D·G·H, P).
        writes: names of what it gives.
        states: names of the gradients of the states, that of `hidden` first.
    """
    dhidden, transposed = given["dhidden"], given["transposed"]
    (N, T, width), P = dhidden.shape, transposed.shape[1]
    D = width // P
    sizes = gates, len(transposed) // (D * gates), P
    written = {name: np.empty((N, T, D * part_of(name, 0, *sizes).stop), dhidden.dtype) for name in writes}
    begun = {name: np.empty((N, D * part_of(name, 0, *sizes).stop), dhidden.dtype) for name in states}
    for d in range(D):
        kept = {
            name: array[:, :, part_of(name, d, *sizes)]
            for name, array in given.items()
            if name not in ("dhidden", "transposed")
        }
        blame = tuple(np.zeros((N, part_of(name, 0, *sizes).stop), dhidden.dtype) for name in states)
        order = way.steps(T, d)
        for s in reversed(range(T)):
            t, there = order[s], way.there(N, order[s])
            blame = (blame[0] + dhidden[:, t, part_of("dhidden", d, *sizes)], *blame[1:])
            now = {name: array[:, t] for name, array in kept.items()}
            then = {name: array[:, order[s - 1]] * (s > 0) for name, array in kept.items()}
            found, du, direct = step_of(d)(blame, now, then)
            values = {name: np.where(there, value, 0) for name, value in found.items()}
            blame = tuple(np.where(there, values.pop(name, old), old) for name, old in zip(states, blame, strict=True))
            values |= dict(zip(states, blame, strict=True))
            for name, array in written.items():
                array[:, t, part_of(name, d, *sizes)] = values[name]
            direct = (direct[0] + du @ transposed[part_of("dgates", d, *sizes)], *direct[1:])
            cut = way.truncate > 0 and s > 0 and s % way.truncate == 0
            blame = tuple(np.where(there, new, old) * (not cut) for new, old in zip(direct, blame, strict=True))
        for name, array in zip(states, blame, strict=True):
            begun[name][:, part_of(name, d, *sizes)] = array
    return (*written.values(), *begun.values())


def through_time(step: Step, writes: tuple[str, ...], states: tuple[str, ...], gates: int) -> Callable[..., Any]:
    """The definition of a cell's way from the first step to the last; arguments as in `go_forward`."""

    def reference(inputs: Array, weight_hh: Array, bias_hh: Array, present: Array | None = None) -> tuple[Array, ...]:
        return go_forward(lambda d: step, writes, states, gates, (inputs, weight_hh, bias_hh), Walk(present))

    return reference


def back_through_time(
    step: StepBack, reads: tuple[str, ...], writes: tuple[str, ...], states: tuple[str, ...], gates: int
) -> Callable[..., Any]:
    """The definition of a cell's way back from the last step to the first; arguments as in `go_back`.

    Args:
        reads: names of what it is given.
    """

    def reference(*arrays: Array, directions: int, truncate: int) -> tuple[Array, ...]:
        present = arrays[-1] if len(arrays) > len(reads) else None
        given = dict(zip(reads, arrays, strict=False))
        return go_back(lambda d: step, given, writes, states, gates, Walk(present, truncate=truncate))[: len(writes)]

    return reference


def from_state(at: tuple[int, ...], previous: Array, weight_hh: Named, gates: int, state: int = 0) -> Term:
    """Σⱼ previous[n,t,j]·weight_hh[j,k] for element (n, t, k) of all directions' gates; a state has as many numbers as
    there are units, or `state`."""
    n, t, k = at
    width = weight_hh.shape[1]
    size = state or width // gates
    first = k // width * size
    before = Named("previous", previous)
    return total(before[n, t, first + j] * weight_hh[first + j, k % width] for j in range(size))
