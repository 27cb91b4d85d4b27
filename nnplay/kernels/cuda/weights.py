"""Weight and spectral normalisation on a graphics card: sums by column or in shares, all else number by number.

Operands are those of `nnplay.kernels.normalise.weights`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import room, sum_of, whole
from nnplay.kernels.cuda.places import put
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import adds, pointer, rows_of, shifted, size
from nnplay.kernels.span_sums import last


def line_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """One for each line of W (K, O), from its size and that of u (O) or v (K)."""
    return sizes[1]


def kept_line_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """The same from the sizes of W (K, O), u (O) and v (K)."""
    return sizes[2]


@kernel
def column_lengths(row: Any, clock: Any, memory: Any, part: int) -> None:
    """rnorm[o] = 1 / √(Σₖ v[k,o]²), for v (K, O), rnorm (O)."""
    v, rnorm = pointer(row, memory, 0), pointer(row, memory, 3)
    K, O = rows_of(row, memory, 0).shape
    o = part
    while o < O:
        V = shifted(v, o)
        rnorm[o] = 1.0 / math.sqrt(chain(V, O, V, O, K, DTYPE(0.0)))
        o += row[ROW_PARTS]


@kernel
def scale_columns(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w = v·(g·rnorm), for v, w (K, O), g, rnorm (O)."""
    v, g, w, rnorm = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    O, at = last(row, 0), part
    while at < size(row, 2):
        o = at - quotient(at, O) * O
        w[at] = v[at] * (g[o] * rnorm[o])
        at += row[ROW_PARTS]


@kernel
def column_slopes(row: Any, clock: Any, memory: Any, part: int) -> None:
    """along[o] = Σₖ dw·v·rnorm, which is dg; v, dw (K, O), rnorm, along, dg (O)."""
    v, rnorm, dw = pointer(row, memory, 0), pointer(row, memory, 2), pointer(row, memory, 3)
    along, dg = pointer(row, memory, 4), pointer(row, memory, 6)
    K, O = rows_of(row, memory, 0).shape
    o = part
    while o < O:
        total = DTYPE(0.0)
        for k in range(K):
            total = multiply_add(dw[k * O + o], v[k * O + o] * rnorm[o], total)
        along[o] = total
        put(dg, o, total, adds(row, 6))
        o += row[ROW_PARTS]


@kernel
def weight_norm_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dv = g·rnorm·(dw − v·rnorm·along), for v, dw, dv (K, O), g, rnorm, along (O)."""
    v, g, rnorm = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    dw, along, dv = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    O, at = last(row, 0), part
    while at < size(row, 5):
        o = at - quotient(at, O) * O
        put(dv, at, g[o] * rnorm[o] * (dw[at] - v[at] * rnorm[o] * along[o]), adds(row, 5))
        at += row[ROW_PARTS]


@kernel
def turn_left(row: Any, clock: Any, memory: Any, part: int) -> None:
    """u = Wᵀv, for W (K, O), v (K), u (O)."""
    W, v, u = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 4)
    K, O = rows_of(row, memory, 0).shape
    o = part
    while o < O:
        u[o] = chain(shifted(W, o), O, v, 1, K, DTYPE(0.0))
        o += row[ROW_PARTS]


@kernel
def turn_right(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums (K) = W·u, for W (K, O), u (O)."""
    O = last(row, 0)
    u = pointer(row, memory, 4)
    room(row, memory)[part] = chain(shifted(pointer(row, memory, 0), part * O), 1, u, 1, O, DTYPE(0.0))


@inline
def to_length_1(values: Any, count: int) -> Any:
    """Divides by the length, or by 1e-12 where it is less; returns what it divided by."""
    length = max(math.sqrt(chain(values, 1, values, 1, count, DTYPE(0.0))), DTYPE(1e-12))
    for i in range(count):
        values[i] /= length
    return length


@kernel
def directions(row: Any, clock: Any, memory: Any, part: int) -> None:
    """u / ‖u‖, v = sums / ‖sums‖ and σ = Σ v·sums / ‖u‖, for sums = W·u before u (O) was divided; v (K), σ (1,)."""
    sums, sigma, u, v = (
        room(row, memory), pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5),
    )  # fmt: skip
    K = size(row, 5)
    length = to_length_1(u, size(row, 4))
    for k in range(K):
        v[k] = sums[k] = sums[k] / length
    to_length_1(v, K)
    sigma[0] = chain(v, 1, sums, 1, K, DTYPE(0.0))


@kernel
def divide(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w = W / σ, for W, w (K, O), σ (1,)."""
    divide_all(row, memory, part, 2)


@kernel
def divide_kept(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w (size of W) = W / σ (1,), with u and v as training left them."""
    divide_all(row, memory, part, 3)


@inline
def divide_all(row: Any, memory: Any, part: int, output: int) -> None:
    """w = W / σ, of which w is operand `output`, and σ the next."""
    W, w, sigma = pointer(row, memory, 0), pointer(row, memory, output), pointer(row, memory, output + 1)[0]
    at = part
    while at < size(row, 0):
        w[at] = W[at] / sigma
        at += row[ROW_PARTS]


@kernel
def kept_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[k] = v[k]·Σₒ W[k,o]·u[o], for W (K, O), u (O), v (K)."""
    O, v = last(row, 0), pointer(row, memory, 2)
    total = chain(shifted(pointer(row, memory, 0), part * O), 1, pointer(row, memory, 1), 1, O, DTYPE(0.0))
    room(row, memory)[part] = v[part] * total


@kernel
def kept_sum(row: Any, clock: Any, memory: Any, part: int) -> None:
    """σ (1,) = Σₖ sums, for v (K)."""
    pointer(row, memory, 4)[0] = sum_of(room(row, memory), 1, size(row, 2), DTYPE(0.0))


@kernel
def spectral_norm_back_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ dw·w over every parts-th number, for w, dw (K, O)."""
    w, dw, total, at = pointer(row, memory, 0), pointer(row, memory, 4), DTYPE(0.0), part
    while at < size(row, 0):
        total = multiply_add(dw[at], w[at], total)
        at += row[ROW_PARTS]
    room(row, memory)[part] = total


@kernel
def spectral_norm_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w = W / σ, σ = vᵀW·u, so dW = (dw − v·uᵀ·Σ sums) / σ; dw, dW (K, O), u (O), v (K)."""
    sigma, u, v = pointer(row, memory, 1)[0], pointer(row, memory, 2), pointer(row, memory, 3)
    dw, dW, O = pointer(row, memory, 4), pointer(row, memory, 5), last(row, 0)
    along, at = whole(row, memory), part
    while at < size(row, 5):
        k = quotient(at, O)
        put(dW, at, (dw[at] - along * v[k] * u[at - k * O]) / sigma, adds(row, 5))
        at += row[ROW_PARTS]
