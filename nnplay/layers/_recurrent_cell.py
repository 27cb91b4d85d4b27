"""One kind of recurrent cell as data, and the loops through time that all cells share.

A cell says what happens at one step, once as a kernel and once in NumPy. The loops here walk the steps in the order of
each direction, hand the state on, carry it over padding, and go back through time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import Kernel, inline
from nnplay.kernels.operands import dimension, integer, pointer, share
from nnplay.kernels.recurrent_batches import TOGETHER, groups, is_linked
from nnplay.operations.recurrent import BIAS_GRADIENT, RECURRENT_GRADIENT
from nnplay.records.operation import Operation, Timed
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop through time: the same row without and with `present` (N, T), which says which steps are no padding."""

    plain: Operation
    padded: Operation


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of recurrent cell.

    Attributes:
        gates: numbers computed for each unit and step, G.
        forward: writes the values that are kept for the way back, `hidden` among them.
        backward: writes gradients, `dgates` among them.
        weight_back, bias_back: rows of the gradients of `weight_hh` and of `bias_hh` (as `dbias`).
    """

    gates: int
    forward: Loop
    backward: Loop
    weight_back: Operation = RECURRENT_GRADIENT
    bias_back: Operation = BIAS_GRADIENT

    @property
    def saved_gates(self) -> tuple[str, ...]:
        """What is kept of all gates, (N, T, D·G·H)."""
        return tuple(name for name in self.forward.plain.writes if name == "gates")

    @property
    def saved_states(self) -> tuple[str, ...]:
        """What is kept of all states, (N, T, D·H)."""
        return tuple(name for name in self.forward.plain.writes if name != "gates")

    @property
    def gate_gradients(self) -> tuple[str, ...]:
        """Gradients of all gates, (N, T, D·G·H)."""
        return tuple(name for name in self.backward.plain.writes if name == "dgates")

    @property
    def state_gradients(self) -> tuple[str, ...]:
        """Gradients of all states, (N, T, D·H)."""
        return tuple(name for name in self.backward.plain.writes if name != "dgates")


# -- the rows ----------------------------------------------------------------------------------------------------------


def forward_loop(
    torch: str, kernels: Mapping[bool, Kernel], *, writes: tuple[str, ...], reference: Callable[..., Any],
    formula: str, words: str, element: Callable[..., Term], unit: Mapping[str, tuple[str, int, int]],
    gates: int = 1,
) -> Loop:  # fmt: skip
    """The rows that take a cell from the first step to the last.

    Args:
        torch: PyTorch's class, whose name in small letters is the cell's.
        kernels: for sequences whose steps are all present (False), and with padding (True).
        unit, gates: what the inspector draws of one unit; `unit` and `blocks` of `Timed`.
    """

    def row(padded: bool) -> Operation:
        return Operation(
            name=f"{torch.lower()}, step by step",
            kernel=kernels[padded],
            reads=("inputs", "weight_hh", "bias_hh", *_mask(padded)),
            writes=writes,
            reference=reference,
            formula=formula,
            words=words,
            element=element,
            torch=f"torch.nn.{torch}",
            timed=Timed(sized_by="weight_hh", blocks=gates, unit=unit),
        )

    return Loop(row(False), row(True))


def backward_loop(
    torch: str, kernels: Mapping[bool, Kernel], *, reads: tuple[str, ...], writes: tuple[str, ...],
    reference: Callable[..., Any], formula: str, words: str, element: Callable[..., Term], gradients: tuple[str, ...],
) -> Loop:  # fmt: skip
    """The rows that go back from the last step to the first; arguments as in `forward_loop`.

    Args:
        gradients: of states, whose lengths the inspector draws.
    """

    def row(padded: bool) -> Operation:
        return Operation(
            name=f"{torch.lower()} back through time",
            kernel=kernels[padded],
            reads=(*reads, *_mask(padded)),
            writes=writes,
            reference=reference,
            formula=formula,
            words=words,
            element=element,
            integers=("directions", "truncate"),
            torch="autograd",
            timed=Timed(sized_by="transposed", gradients=gradients),
        )

    return Loop(row(False), row(True))


def _mask(padded: bool) -> tuple[str, ...]:
    return ("present",) if padded else ()


# -- the definitions ---------------------------------------------------------------------------------------------------

#: At one step, for one direction: the input's part x (N, G·H), the state's part u (N, G·H) and the states before, each
#: (N, H) → what is kept by name, and the states after, `hidden` first.
Step = Callable[..., tuple[Mapping[str, Array], tuple[Array, ...]]]
#: At one step, for one direction: gradients of the states after it, each (N, H), what was kept at this step and at the
#: step before, by name → gradients by name, gradient of the state's part u (N, G·H), and what each state before
#: receives besides that, through no weights.
StepBack = Callable[..., tuple[Mapping[str, Array], Array, tuple[Array | float, ...]]]


def through_time(step: Step, writes: tuple[str, ...], states: tuple[str, ...], gates: int) -> Callable[..., Any]:
    """The definition of a cell's way from the first step to the last.

    Args:
        writes: names of what it gives, in order: what `step` keeps, the states after, and `previous`, the hidden
            state before.
        states: names of the states, `hidden` first.
    """

    def reference(inputs: Array, weight_hh: Array, bias_hh: Array, present: Array | None = None) -> tuple[Array, ...]:
        (N, T, width), H = inputs.shape, weight_hh.shape[1] // gates
        mask = np.ones((N, T)) if present is None else present
        written = {
            name: np.empty((N, T, width if name == "gates" else width // gates), inputs.dtype) for name in writes
        }
        for d in range(width // (gates * H)):
            of_gates, of_state = slice(d * gates * H, (d + 1) * gates * H), slice(d * H, (d + 1) * H)
            before = tuple(np.zeros((N, H), inputs.dtype) for _ in states)
            for t in walk(T, d):
                u = before[0] @ weight_hh[of_state] + bias_hh[of_gates]
                kept, after = step(inputs[:, t, of_gates], u, *before)
                there = mask[:, t, None] != 0
                after = tuple(np.where(there, new, old) for new, old in zip(after, before, strict=True))
                values = {**kept, "previous": before[0], **dict(zip(states, after, strict=True))}
                for name, array in written.items():
                    array[:, t, of_gates if name == "gates" else of_state] = values[name]
                before = after
        return tuple(written.values())

    return reference


def back_through_time(
    step: StepBack, reads: tuple[str, ...], writes: tuple[str, ...], states: tuple[str, ...], gates: int
) -> Callable[..., Any]:
    """The definition of a cell's way back from the last step to the first.

    Args:
        reads: names of what it is given: `dhidden`, what the forward row kept, and `transposed`, weight_hhᵀ.
        writes: names of what it gives; `dgates` is as wide as the gates.
        states: names of the gradients of the states, that of `hidden` first.
    """

    def reference(*arrays: Array, directions: int, truncate: int) -> tuple[Array, ...]:
        given = dict(zip(reads, arrays, strict=False))
        dhidden, transposed = given["dhidden"], given["transposed"]
        (N, T, width), H = dhidden.shape, transposed.shape[1]
        mask = arrays[-1] if len(arrays) > len(reads) else np.ones((N, T))
        written = {
            name: np.empty((N, T, width * gates if name == "dgates" else width), dhidden.dtype) for name in writes
        }
        for d in range(directions):
            of_gates, of_state = slice(d * gates * H, (d + 1) * gates * H), slice(d * H, (d + 1) * H)
            kept = {
                name: given[name][:, :, of_gates if name == "gates" else of_state]
                for name in reads
                if name not in ("dhidden", "transposed")
            }
            blame = tuple(np.zeros((N, H), dhidden.dtype) for _ in states)
            order = list(walk(T, d))
            for s in reversed(range(T)):
                t, there = order[s], mask[:, order[s], None] != 0
                blame = (blame[0] + dhidden[:, t, of_state], *blame[1:])
                now = {name: array[:, t] for name, array in kept.items()}
                then = {name: array[:, order[s - 1]] * (s > 0) for name, array in kept.items()}
                found, du, direct = step(blame, now, then)
                values = {name: np.where(there, value, 0) for name, value in found.items()}
                blame = tuple(
                    np.where(there, values.pop(name, old), old) for name, old in zip(states, blame, strict=True)
                )
                values |= dict(zip(states, blame, strict=True))
                for name, array in written.items():
                    array[:, t, of_gates if name == "dgates" else of_state] = values[name]
                direct = (direct[0] + du @ transposed[of_gates], *direct[1:])
                cut = truncate > 0 and s % truncate == 0
                blame = tuple(np.where(there, new, old) * (not cut) for new, old in zip(direct, blame, strict=True))
        return tuple(written.values())

    return reference


def walk(steps: int, direction: int) -> Iterator[int]:
    """The steps in the order in which a direction visits them."""
    return iter(range(steps)) if direction == 0 else reversed(range(steps))


def logistic(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), without overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def from_state(at: tuple[int, ...], previous: Array, weight_hh: Named, gates: int) -> Term:
    """Σⱼ previous[n,t,j]·weight_hh[j,k] for element (n, t, k) of all directions' gates."""
    n, t, k = at
    units = weight_hh.shape[1] // gates
    first = k // (gates * units) * units
    state = Named("previous", previous)
    return total(state[n, t, first + j] * weight_hh[first + j, k % (gates * units)] for j in range(units))


# -- the kernels -------------------------------------------------------------------------------------------------------


@inline
def is_padding(row: Any, memory: Any, k: int, at: int, n: int, T: int, D: int) -> bool:
    """Whether row n of the group at `at` has padding at this step; operand k is `present` (N, T)."""
    padding: bool = pointer(row, memory, k)[at // D + n * T] == 0.0
    return padding


def forward_kernel(name: str, at_step: Any, gates: int, padded: bool) -> Kernel:
    """The kernel of a cell's way from the first step to the last.

    Args:
        name: of the kernel, behind its module.
        at_step: inlined `(row, memory, at, d, D, rows, s, T, H)`, made for sequences with or without padding. It takes
            `rows` rows of the batch through step number s of direction d; row n of them stands at unit `at + n·T·D` of
            the operands (N, T, D, …).
    """

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """inputs (N, T, D·G·H), weight_hh (D·H, G·H), bias_hh (D·G·H)[, present (N, T)] → gates and states of all T.

        hidden[t] = cell(inputs[t] + hidden[t−1]·weight_hh + bias_hh)
        """
        N, T, H = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1) // gates
        D = dimension(row, 1, 0) // H
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n)
            for s in range(T):
                t = T - 1 - s if d else s
                at_step(row, memory, (n * T + t) * D + d, d, D, rows, s, T, H)

    return Kernel(f"{at_step.__module__}:{name}{'_padded' if padded else ''}", forward)


def backward_kernel(name: str, at_step: Any, padded: bool) -> Kernel:
    """The kernel of a cell's way back from the last step to the first.

    Args:
        name: of the kernel, behind its module.
        at_step: inlined `(row, memory, at, d, D, rows, s, T, H, linked)`, as in `forward_kernel`; `linked` says
            whether an error comes back from the step after.
    """

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dhidden (N, T, D·H), kept values, weight_hhᵀ (D·G·H, H)[, present (N, T)] → dgates (N, T, D·G·H), dstates.

        dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ; dgates[t] = dstate[t]·cell′
        """
        D, truncate = integer(row, 0), integer(row, 1)
        N, T, H = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2) // D
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n)
            for s in range(T - 1, -1, -1):
                t = T - 1 - s if d else s
                linked = is_linked(s, T, truncate)
                at_step(row, memory, (n * T + t) * D + d, d, D, rows, s, T, H, linked)

    return Kernel(f"{at_step.__module__}:{name}{'_padded' if padded else ''}", backward)
