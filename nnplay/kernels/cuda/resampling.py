"""Pictures made larger or smaller on a graphics card.

Operands are those of `nnplay.kernels.convolution.resampling` and `resizing`.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.convolution.resampling import neighbours
from nnplay.kernels.cuda.places import place_in, put
from nnplay.kernels.operands import adds, dimension, integer, pointer, shifted, size
from nnplay.kernels.span_sums import last


@kernel
def enlarge(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow] = Σ share·x of its four nearest inputs, for x (N, H, W, C), y (N, H·FH, W·FW, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    FH, FW, H, W, mix = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4)
    C = last(row, 0)
    at = part
    while at < size(row, 1):
        column = quotient(at, C)
        line = quotient(column, W * FW)
        n = quotient(line, H * FH)
        top, bottom, v = neighbours(line - n * H * FH, FH, H, mix)
        left, right, u = neighbours(column - line * W * FW, FW, W, mix)
        X = shifted(x, n * H * W * C + at - column * C)
        a, b = X[(top * W + left) * C], X[(top * W + right) * C]
        c, d = X[(bottom * W + left) * C], X[(bottom * W + right) * C]
        y[at] = (a * (1.0 - u) + b * u) * (1.0 - v) + (c * (1.0 - u) + d * u) * v
        at += row[ROW_PARTS]


@kernel
def enlarge_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = Σ share·x, so dx += share·dy for the four nearest inputs; a part is a channel of a picture.

    dy (N, H·FH, W·FW, C), dx (N, H, W, C).
    """
    dy, dx = pointer(row, memory, 0), pointer(row, memory, 1)
    FH, FW, H, W, mix = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4)
    C = last(row, 1)
    at = part
    while at < dimension(row, 1, 0) * C:
        n = quotient(at, C)
        dX, dY = shifted(dx, n * H * W * C + at - n * C), shifted(dy, n * H * FH * W * FW * C + at - n * C)
        if not adds(row, 1):
            for place in range(H * W):
                dX[place * C] = 0.0
        for oh in range(H * FH):
            top, bottom, v = neighbours(oh, FH, H, mix)
            for ow in range(W * FW):
                left, right, u = neighbours(ow, FW, W, mix)
                blame = dY[(oh * W * FW + ow) * C]
                dX[(top * W + left) * C] += (1.0 - u) * (1.0 - v) * blame
                if mix != 0:
                    dX[(top * W + right) * C] += u * (1.0 - v) * blame
                    dX[(bottom * W + left) * C] += (1.0 - u) * v * blame
                    dX[(bottom * W + right) * C] += u * v * blame
        at += row[ROW_PARTS]


@kernel
def resize(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,o,p,c] = Σ rows[o,1 + i]·columns[p,1 + j]·x[n,rows[o,0] + i,columns[p,0] + j,c].

    x (N, H, W, C), rows (OH, 1 + KH), columns (OW, 1 + KW), y (N, OH, OW, C).
    """
    x, rows, columns, y = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3),
    )  # fmt: skip
    W, C, across, down = integer(row, 1), last(row, 0), last(row, 1), last(row, 2)
    at = part
    while at < size(row, 3):
        n, _, o, p, c = place_in(at, 1, dimension(row, 1, 0), dimension(row, 2, 0), C)
        v, u, total = shifted(rows, o * across), shifted(columns, p * down), DTYPE(0.0)
        X = shifted(x, ((n * integer(row, 0) + int(v[0])) * W + int(u[0])) * C + c)
        for i in range(across - 1):
            for j in range(down - 1):
                weight = v[1 + i] * u[1 + j]
                if weight != 0.0:  # behind the border there is no number
                    total = multiply_add(X[(i * W + j) * C], weight, total)
        y[at] = total
        at += row[ROW_PARTS]


@kernel
def resize_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = Σ weight·x, so dx[n,h,w,c] = Σ weight·dy over all outputs whose blend holds that input.

    dy (N, OH, OW, C), rows (OH, 1 + KH), columns (OW, 1 + KW), dx (N, H, W, C).
    """
    dy, rows, columns, dx = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3),
    )  # fmt: skip
    OH, OW, C, across, down = dimension(row, 1, 0), dimension(row, 2, 0), last(row, 0), last(row, 1), last(row, 2)
    at = part
    while at < size(row, 3):
        n, _, h, w, c = place_in(at, 1, integer(row, 0), integer(row, 1), C)
        total = DTYPE(0.0)
        for o in range(OH):
            i = h - int(rows[o * across])
            for p in range(OW if 0 <= i < across - 1 else 0):
                j = w - int(columns[p * down])
                if 0 <= j < down - 1:
                    weight = rows[o * across + 1 + i] * columns[p * down + 1 + j]
                    total = multiply_add(dy[((n * OH + o) * OW + p) * C + c], weight, total)
        put(dx, at, total, adds(row, 3))
        at += row[ROW_PARTS]
