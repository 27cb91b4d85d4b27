"""Kernels that resize pictures and sequences: each output is a weighted sum of neighbouring inputs along each axis.

The weights of an axis are a table of their own, (outputs, 1 + taps): the first input, then its weight and those of its
neighbours. Where an output lies between the inputs is a fraction of whole numbers, so no rounding moves a window.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted
from nnplay.kernels.span_sums import last, zero

#: Of a table of weights: the input's size; output o lies at (o·A + B) / C; reach of the blend (0: the nearest, 1: two
#: neighbours, 2: four), and whether it is widened when the axis shrinks (antialias).
WEIGHTS: Final = ("size", "A", "B", "C", "reach", "wide")
#: Sizes of the input.
RESIZE: Final = ("H", "W")


@inline
def blend(distance: Any, reach: int, sharp: Any) -> Any:
    """The weight of an input at a distance ≥ 0: a tent for reach 1, Keys' cubic with a = `sharp` for reach 2."""
    t = distance
    if reach == 1:
        return max(DTYPE(0.0), DTYPE(1.0) - t)
    if t < 1.0:
        return ((sharp + 2.0) * t - (sharp + 3.0)) * t * t + 1.0
    if t < 2.0:
        return sharp * (((t - 5.0) * t + 8.0) * t - 4.0)
    return DTYPE(0.0)


@kernel
def weights(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w[o,0] = first input, w[o,1 + k] = blend(|first + k − (o·A + B) / C|), at the border folded in; w (O, 1 + K)."""
    w = pointer(row, memory, 0)
    size, A, B, C = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    reach, wide = integer(row, 4), integer(row, 5)
    K = last(row, 0) - 1
    begin, end = share(row, part, dimension(row, 0, 0))
    for o in range(begin, end):
        line, place = shifted(w, o * (K + 1)), o * A + B
        zero(line, K + 1)
        if reach == 0:
            line[0] = DTYPE(min(max(place // C, 0), size - 1))
            line[1] = 1.0
        elif wide == 0:
            first = place // C - reach + 1
            base = min(max(first, 0), size - K)
            line[0] = DTYPE(base)
            for k in range(2 * reach):
                distance = abs((first + k) * C - place)
                target = 1 + min(max(first + k, 0), size - 1) - base
                line[target] += blend(DTYPE(distance) / DTYPE(C), reach, DTYPE(-0.75))
        else:
            _wide(line, place, size, A, C, reach)


@inline
def _wide(line: Any, place: int, size: int, A: int, C: int, reach: int) -> None:
    """The weights of one output where an axis shrinks: the blend is as much wider, and its weights add up to 1."""
    width = max(A, C)
    first = max((place + C - reach * width) // C, 0)
    end = min((place + C + reach * width) // C, size)
    line[0] = DTYPE(first)
    total = DTYPE(0.0)
    for j in range(first, end):
        weight = blend(DTYPE(abs(j * C - place)) / DTYPE(width), reach, DTYPE(-0.5))
        line[1 + j - first] = weight
        total += weight
    for j in range(first, end):
        line[1 + j - first] /= total


@kernel
def resize(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,o,p,c] = Σ rows[o,1 + i]·columns[p,1 + j]·x[n,rows[o,0] + i,columns[p,0] + j,c].

    x (N, H, W, C), rows (OH, 1 + KH), columns (OW, 1 + KW), y (N, OH, OW, C).
    """
    x, rows, columns, y = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3),
    )  # fmt: skip
    H, W, C = integer(row, 0), integer(row, 1), last(row, 0)
    OH, OW, across, down = dimension(row, 1, 0), dimension(row, 2, 0), last(row, 1), last(row, 2)
    start, stop = share(row, part, dimension(row, 0, 0) * OH)
    for line in range(start, stop):
        n, v = line // OH, shifted(rows, line % OH * across)
        for ow in range(OW):
            Y, u = shifted(y, (line * OW + ow) * C), shifted(columns, ow * down)
            zero(Y, C)
            for i in range(across - 1):
                for j in range(down - 1):
                    weight = v[1 + i] * u[1 + j]
                    if weight != 0.0:
                        X = shifted(x, ((n * H + int(v[0]) + i) * W + int(u[0]) + j) * C)
                        _blend_in(Y, X, weight, C)


@inline
def _blend_in(y: Any, x: Any, weight: Any, C: int) -> None:
    """y += x·weight, each (C)."""
    for c in range(C):
        y[c] = multiply_add(x[c], weight, y[c])


@kernel
def resize_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = Σ weight·x, so dx += weight·dy for every input of a blend.

    dy (N, OH, OW, C), rows (OH, 1 + KH), columns (OW, 1 + KW), dx (N, H, W, C).
    """
    dy, rows, columns, dx = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3),
    )  # fmt: skip
    H, W, C = integer(row, 0), integer(row, 1), last(row, 0)
    OH, OW, across, down = dimension(row, 1, 0), dimension(row, 2, 0), last(row, 1), last(row, 2)
    start, stop = share(row, part, dimension(row, 0, 0))
    for n in range(start, stop):
        if not adds(row, 3):
            zero(shifted(dx, n * H * W * C), H * W * C)
        for place in range(OH * OW):
            dY = shifted(dy, (n * OH * OW + place) * C)
            v, u = shifted(rows, place // OW * across), shifted(columns, place % OW * down)
            for i in range(across - 1):
                for j in range(down - 1):
                    weight = v[1 + i] * u[1 + j]
                    if weight != 0.0:
                        dX = shifted(dx, ((n * H + int(v[0]) + i) * W + int(u[0]) + j) * C)
                        _blend_in(dX, dY, weight, C)
