"""One kind of recurrent cell as data: its rows, and the kernels of the loops through time that all cells share.

A cell says what happens at one step, once as a kernel and once in NumPy. The loops here walk the steps in the order of
each direction, hand the state on, carry it over padding, and go back through time; `_through_time` defines them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.compile.jit import Kernel, inline
from nnplay.kernels.operands import dimension, integer, pointer, share
from nnplay.kernels.recurrent_batches import TOGETHER, groups, is_linked
from nnplay.operations.recurrent import BIAS_GRADIENT, RECURRENT_GRADIENT
from nnplay.records.cuda_rows import TurnRow
from nnplay.records.operation import Operation, Shape, Timed
from nnplay.records.worked import Term

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop through time: the same row without and with `present` (N, T), which says which steps are no padding.

    Attributes:
        numbers: integers of the row, besides those that every cell has.
    """

    plain: Operation
    padded: Operation
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extra:
    """A parameter that only some forms of a cell have.

    Attributes:
        name: operand of the row forward.
        shape: called with directions, units and the numbers of the hidden state.
        back: the row of its gradient.
        drawn: begins as random as the state's weights, and decays as they do; else it begins at 0.
    """

    name: str
    shape: Callable[[int, int, int], Shape]
    back: Operation
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of recurrent cell.

    Attributes:
        gates: numbers computed for each unit and step, G.
        forward: writes the values that are kept for the way back, `hidden` among them.
        backward: writes gradients, `dgates` among them.
        weight_back, bias_back: rows of the gradients of `weight_hh` and of `bias_hh` (as `dbias`).
        extras: parameters besides weights and biases.
    """

    gates: int
    forward: Loop
    backward: Loop
    weight_back: Operation = RECURRENT_GRADIENT
    bias_back: Operation = BIAS_GRADIENT
    extras: tuple[Extra, ...] = ()

    @property
    def saved_gates(self) -> tuple[str, ...]:
        """What is kept of all gates, (N, T, D·G·H)."""
        return tuple(name for name in self.forward.plain.writes if name == "gates")

    @property
    def saved_states(self) -> tuple[str, ...]:
        """What is kept of all states, (N, T, D·H), or D·P wide where a projection has P numbers."""
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
    gates: int = 1, cuda: Mapping[bool, Kernel] | None = None,
) -> Loop:  # fmt: skip
    """The rows that take a cell from the first step to the last.

    Args:
        torch: PyTorch's class, whose name in small letters is the cell's.
        kernels: for sequences whose steps are all present (False), and with padding (True).
        unit, gates: what the inspector draws of one unit; `unit` and `blocks` of `Timed`.
        cuda: kernels of one time step on a graphics card, by the same.
    """

    def row(padded: bool) -> Operation:
        return Operation(
            name=f"{torch.lower()}, step by step",
            kernel=kernels[padded],
            cuda=() if cuda is None else (TurnRow(cuda[padded]),),
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
    cuda: Mapping[bool, Kernel] | None = None,
) -> Loop:  # fmt: skip
    """The rows that go back from the last step to the first; arguments as in `forward_loop`.

    Args:
        gradients: of states, whose lengths the inspector draws.
    """

    def row(padded: bool) -> Operation:
        return Operation(
            name=f"{torch.lower()} back through time",
            kernel=kernels[padded],
            cuda=() if cuda is None else (TurnRow(cuda[padded]),),
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
