"""The way back of layers that drop values: the gradient times the mask that the forward row left."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, part_of
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation


def passed_masked(name: str, words: str) -> Operation:
    """The backward row of a layer that multiplied its input by a mask."""
    return Operation(
        name=name,
        kernel=backward,
        cuda=(NumberRow(backward),),
        reads=("dy", "mask"),
        writes=("dx",),
        reference=lambda dy, mask: dy * mask,
        formula="dx = dy·mask",
        words=words,
        element=lambda at, dy, mask: dy[at] * mask[at],
        torch="autograd",
    )


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·mask, so dx = dy·mask, all (M,)."""
    dy, mask = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    dx = part_of(row, memory, 2, part)
    if adds(row, 2):
        for i in range(dx.size):
            dx[i] += dy[i] * mask[i]
    else:
        for i in range(dx.size):
            dx[i] = dy[i] * mask[i]
