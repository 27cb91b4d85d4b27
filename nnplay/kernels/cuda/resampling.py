"""Pictures made larger on a graphics card; operands are those of `nnplay.kernels.convolution.resampling`."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.convolution.resampling import neighbours
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
