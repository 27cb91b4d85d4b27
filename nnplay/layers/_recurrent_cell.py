"""One kind of recurrent cell as data: its loops through time, and what definitions of cells are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import Kernel
from nnplay.operations.recurrent import BIAS_GRADIENT, RECURRENT_GRADIENT
from nnplay.records.operation import Operation, Timed
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop through time: the same row without and with `present` (N, T), which tells padding from steps."""

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
    def wide(self) -> tuple[str, ...]:
        """What is kept of all gates, (N, T, D·G·H)."""
        return tuple(name for name in self.forward.plain.writes if name == "gates")

    @property
    def narrow(self) -> tuple[str, ...]:
        """What is kept of all states, (N, T, D·H)."""
        return tuple(name for name in self.forward.plain.writes if name != "gates")

    @property
    def wide_back(self) -> tuple[str, ...]:
        """Gradients of all gates, (N, T, D·G·H)."""
        return tuple(name for name in self.backward.plain.writes if name == "dgates")

    @property
    def narrow_back(self) -> tuple[str, ...]:
        """Gradients of all states, (N, T, D·H)."""
        return tuple(name for name in self.backward.plain.writes if name != "dgates")


def forward_loop(
    torch: str, kernel: Callable[[bool], Kernel], *, writes: tuple[str, ...], reference: Callable[..., Any],
    formula: str, words: str, element: Callable[..., Term], unit: Mapping[str, tuple[str, int, int]],
    gates: int = 1,
) -> Loop:  # fmt: skip
    """The rows that take a cell from the first step to the last.

    Args:
        torch: PyTorch's class, whose name in small letters is the cell's.
        kernel: made for steps that are all there (False), or with padding (True).
        unit, gates: what the inspector draws of one unit; `unit` and `blocks` of `Timed`.
    """

    def row(padded: bool) -> Operation:
        return Operation(
            name=f"{torch.lower()}, step by step",
            kernel=kernel(padded),
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
    torch: str, kernel: Callable[[bool], Kernel], *, reads: tuple[str, ...], writes: tuple[str, ...],
    reference: Callable[..., Any], formula: str, words: str, element: Callable[..., Term], gradients: tuple[str, ...],
) -> Loop:  # fmt: skip
    """The rows that go back from the last step to the first; arguments as in `forward_loop`.

    Args:
        gradients: of states, whose lengths the inspector draws.
    """

    def row(padded: bool) -> Operation:
        return Operation(
            name=f"{torch.lower()} back through time",
            kernel=kernel(padded),
            reads=(*reads, *_mask(padded)),
            writes=writes,
            reference=reference,
            formula=formula,
            words=words,
            element=element,
            integers=("directions", "truncate"),
            torch="autograd",
            timed=Timed(sized_by="turned", gradients=gradients),
        )

    return Loop(row(False), row(True))


def _mask(padded: bool) -> tuple[str, ...]:
    return ("present",) if padded else ()


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
