"""The loops through time of recurrent cells in a form of their own, and what all of their steps share.

Integers tell them where their operands are (0: there is none) and what to do; `_recurrent_form` has their names. On the
way back, each step hands the gradient of the state before to the step before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nnplay.kernels.compile.jit import COMPILING, Kernel, inline
from nnplay.kernels.operands import dimension, integer, pointer, share, shifted
from nnplay.kernels.recurrent_batches import TOGETHER, copy, groups, take_over
from nnplay.layers._recurrent_cell import is_padding

if TYPE_CHECKING or COMPILING:
    from nnplay.kernels.tile import null
else:
    null = None

#: Places of integers: the activations' numbers, and the first that only one kind of cell has.
ACTIVATION: Final = 6
GATE_ACTIVATION: Final = 7
OWN: Final = 8


@inline
def is_absent(row: Any, memory: Any, at: int, n: int, T: int, D: int) -> bool:
    """Whether row n of the group at `at` has padding at this step; where there is no `present` (N, T), none has."""
    k = integer(row, 2)
    absent: bool = k != 0 and is_padding(row, memory, k, at, n, T, D)
    return absent


@inline
def take_state(
    row: Any, memory: Any, k: int, before: Any, state: Any, stride: int, to: int, rows: int, d: int, s: int, H: int,
) -> None:  # fmt: skip
    """The states (H) before a step: those `to` from the step's own, and in front of the first step operand k (D·H), or
    0 where k is 0."""
    if s == 0 and k != 0:
        for n in range(rows):
            copy(shifted(before, n * stride), shifted(pointer(row, memory, k), d * H), H)
    else:
        take_over(before, state, stride, to, rows, H, s == 0)


@inline
def gradient_before(
    row: Any, memory: Any, k: int, gradient: Any, n: int, d: int, D: int, s: int, to: int, stride: int, H: int,
) -> Any:  # fmt: skip
    """Where the gradient (H) of a state before a step belongs, and from one row to the next: `to` from the step's own,
    and in front of the first step in operand k (N, D·H)."""
    if s > 0:
        return shifted(gradient, to), stride
    return shifted(pointer(row, memory, k), (n * D + d) * H), D * H


@inline
def start_of(dhidden: Any, s: int, to: int) -> Any:
    """What the gradient of the state before a step starts with: that of its own output, or a null pointer for 0."""
    return shifted(dhidden, to) if s > 0 else null()


def form_forward_kernel(at_step: Any, gates: int) -> Kernel:
    """The kernel of a cell's way from the first step to the last, in every form.

    Args:
        at_step: inlined `(row, memory, at, d, D, rows, s, T, H, P, to)`. It takes `rows` rows of the batch through step
            number s of direction d; row n of them stands at unit `at + n·T·D` of the operands (N, T, D, …), and the
            step before is `to` units away. The cell has H units, and its hidden state P numbers.
    """

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """inputs (N, T, D·G·H), weight_hh (D·P, G·H), bias_hh (D·G·H), … → gates and states of all T.

        hidden[t] = cell(inputs[t] + hidden[t−1]·weight_hh + bias_hh)
        """
        D, N, T = integer(row, 0), dimension(row, 0, 0), dimension(row, 0, 1)
        H, P = dimension(row, 1, 1) // gates, dimension(row, 1, 0) // D
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n = group // groups(N), group % groups(N) * TOGETHER
            backwards = d + integer(row, 1)
            for s in range(T):
                t = T - 1 - s if backwards else s
                to = D if backwards else -D
                at_step(row, memory, (n * T + t) * D + d, d, D, min(TOGETHER, N - n), s, T, H, P, to)

    return Kernel(f"{at_step.__module__}:forward", forward)


def form_backward_kernel(at_step: Any, gates: int, transposed: int) -> Kernel:
    """The kernel of a cell's way back from the last step to the first, in every form.

    Args:
        at_step: inlined `(row, memory, at, n, d, D, rows, s, T, H, P, to, keeps)`, as in `form_forward_kernel`; n is
            the first of the rows, and `keeps` says whether the error goes on to the step before.
        transposed: which operand is weight_hhᵀ.
    """

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dhidden (N, T, D·P), kept values, weight_hhᵀ (D·G·H, P), … → dgates (N, T, D·G·H), dstates of all T.

        dstate[t−1] = dhidden[t−1] + dgates[t]·weight_hhᵀ; dgates[t] = dstate[t]·cell′
        """
        D, N, T = integer(row, 0), dimension(row, 0, 0), dimension(row, 0, 1)
        H, P = dimension(row, transposed, 0) // (gates * D), dimension(row, transposed, 1)
        truncate = integer(row, 5)
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n = group // groups(N), group % groups(N) * TOGETHER
            backwards = d + integer(row, 1)
            for s in range(T - 1, -1, -1):
                t = T - 1 - s if backwards else s
                to = D if backwards else -D
                keeps = s == 0 or truncate == 0 or s % truncate != 0
                at_step(row, memory, (n * T + t) * D + d, n, d, D, min(TOGETHER, N - n), s, T, H, P, to, keeps)

    return Kernel(f"{at_step.__module__}:backward", backward)
