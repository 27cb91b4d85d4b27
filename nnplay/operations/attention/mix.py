"""The row that takes the values of the steps that are attended to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.matmul import product
from nnplay.kernels.operands import dimension, integer, pointer, ratio, share, shifted, size
from nnplay.operations.attention.heads import INTEGERS, joined, values_of
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


def _mix(source: str) -> Operation:
    return Operation(
        name="weighted sum of values",
        kernel=mix,
        cuda=(CudaRow(mix_cuda),),
        reads=("weights", source),
        writes=("mixed",),
        reference=_mixed,
        formula="mixed[n,i] = Σⱼ weights[n,h,i,j]·v[n,j], within head h",
        words="Each step takes the values of the steps it attends to, in proportion to the attention weights.",
        element=_element,
        integers=INTEGERS,
        torch="torch.nn.functional.scaled_dot_product_attention",
    )


def _mixed(weights: Array, kv: Array, **sizes: int) -> Array:
    return np.asarray(joined(weights @ values_of(kv, **sizes)))


def _element(
    at: tuple[int, ...], weights: Named, kv: Named, *, heads: int, kv_heads: int, depth: int, keys: int
) -> Term:
    n, t, c = at
    h = c // depth
    first = keys + (kv_heads + h // (heads // kv_heads)) * depth + c % depth
    return total(weights[n, h, t, j] * kv[n, j, first] for j in range(kv.shape[1]))


@kernel
def mix(row: Any, clock: Any, memory: Any, part: int) -> None:
    """mixed[n,i] = Σⱼ weights[n,h,i,j]·v[n,j], for weights (N, heads, T, S), v (N, S, K), mixed (N, T, E)."""
    heads, kv_heads, depth, keys = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    N, T, S, V = dimension(row, 0, 0), dimension(row, 0, 2), dimension(row, 0, 3), dimension(row, 1, 2)
    E = heads * depth
    start, stop = share(row, part, N * heads)
    for unit in range(start, stop):
        n, h = unit // heads, unit % heads
        v = shifted(pointer(row, memory, 1), n * S * V + keys + (kv_heads + h // (heads // kv_heads)) * depth)
        mixed = shifted(pointer(row, memory, 2), n * T * E + h * depth)
        product(shifted(pointer(row, memory, 0), unit * T * S), S, 1, v, V, mixed, E, T, depth, S, False)


@kernel
def mix_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `mix`: every parts-th number of mixed (N, T, E)."""
    heads, kv_heads, depth, keys = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    T, S, V = dimension(row, 0, 2), dimension(row, 0, 3), dimension(row, 1, 2)
    weights, kv, mixed, shared = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        ratio(heads, kv_heads),
    )
    at = part
    while at < size(row, 2):
        head = ratio(at, depth)
        line = ratio(head, heads)
        n, h = ratio(line, T), head - line * heads
        v = shifted(kv, n * S * V + keys + (kv_heads + ratio(h, shared)) * depth + at - head * depth)
        mixed[at] = chain(shifted(weights, ((n * heads + h) * T + line - n * T) * S), 1, v, V, S, DTYPE(0.0))
        at += row[ROW_PARTS]


#: The row where values stand in `qkv`, and where they have a tensor of their own.
MIX, MIX_APART = _mix("qkv"), _mix("kv")
