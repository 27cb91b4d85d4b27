"""Gradient norm: the length of the vector of all gradients; the loop stops before the update when it is not finite."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot, lane_sum
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import few_parts, fold, folds, once, room, whole
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import pointer, ratio, share, shifted, size
from nnplay.records.cuda_rows import WithNextRow
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import apply, total

NORM = "gradient norm"


@kernel
def partial_norm(row: Any, clock: Any, memory: Any, part: int) -> None:
    """partial[part] = Σ g² over this part's share of g (M,); partial (parts,)."""
    start, stop = share(row, part, size(row, 0))
    g = shifted(pointer(row, memory, 0), start)
    pointer(row, memory, 1)[part] = lane_dot(g, g, stop - start)


@kernel
def finish_norm(row: Any, clock: Any, memory: Any, part: int) -> None:
    """norm (1,) = √ Σ partial, for partial (parts,)."""
    pointer(row, memory, 1)[0] = math.sqrt(lane_sum(pointer(row, memory, 0), size(row, 0)))


@kernel
def squares_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ g² over every parts-th number of g (M,)."""
    g, parts = pointer(row, memory, 0), row[ROW_PARTS]
    own = shifted(g, part)
    total = chain(own, parts, own, parts, ratio(size(row, 0) - part + parts - 1, parts), DTYPE(0.0))
    room(row, memory)[part] = total


@kernel
def put_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """partial (P,) = Σ g², and zeros behind it."""
    put_squares(row, memory)


@kernel
def put_both(row: Any, clock: Any, memory: Any, part: int) -> None:
    """The same, and norm (1,) = √ Σ partial."""
    pointer(row, memory, 2)[0] = math.sqrt(put_squares(row, memory))


@inline
def put_squares(row: Any, memory: Any) -> Any:
    """Writes partial, and returns its sum."""
    partial, total = pointer(row, memory, 1), whole(row, memory)
    partial[0] = total
    for p in range(1, size(row, 1)):
        partial[p] = 0.0
    return total


def _parts_of(gradients: Any, parts: int) -> Any:
    edges = [gradients.size * part // parts for part in range(parts + 1)]
    return np.array([np.sum(gradients[a:b] ** 2) for a, b in pairwise(edges)])


PARTIAL = Operation(
    name="squared gradients",
    kernel=partial_norm,
    cuda=(
        CudaRow(squares_cuda, few_parts),
        CudaRow(fold, folds),
        WithNextRow(put_cuda, once, following=NORM, both=CudaRow(put_both, once)),
    ),
    reads=("gradients",),
    writes=("partial",),
    reference=_parts_of,
    formula="partial[p] = Σ g², over one chunk of the gradients",
    words="Sums the squares of all gradients, in chunks that threads can share.",
    element=lambda at, gradients, parts: total(
        gradients[int(i)] ** 2
        for i in range(gradients.array.size * at[0] // parts, gradients.array.size * (at[0] + 1) // parts)
    ),
    integers=("parts",),
    torch="torch.nn.utils.get_total_norm",
)
FINISH = Operation(
    name=NORM,
    kernel=finish_norm,
    cuda=(CudaRow(finish_norm, once),),
    reads=("partial",),
    writes=("norm",),
    reference=lambda partial: np.sqrt(np.sum(partial, keepdims=True)),
    formula="norm = √ Σ g²",
    words="The size of the whole gradient: large when there is much to learn or training is about to diverge.",
    element=lambda at, partial: apply("√", math.sqrt, total(partial[i] for i in range(partial.array.size))),
    torch="torch.nn.utils.get_total_norm",
)
