"""LocalResponseNorm (LRN): each number is divided by a power of the squares of the channels around it.

Krizhevsky, Sutskever and Hinton: ImageNet classification with deep convolutional neural networks (2012).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import integer, number
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import COMPILING, DTYPE, kernel
from nnplay.kernels.cuda.places import put
from nnplay.kernels.operands import adds, pointer, rows_of, share, shifted, size
from nnplay.kernels.operands import integer as row_integer
from nnplay.kernels.span_sums import last
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Operation, Planned, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, total

if COMPILING:
    from nnplay.kernels.elementary import exp, log

Array = NDArray[Any]


LOCAL_RESPONSE_NORM = LayerRecord(
    name="local_response_norm",
    title="LocalResponseNorm",
    family="normalisation",
    about="Lets neighbouring channels damp each other: each number is divided by a power of the squares around it.",
    when="To rebuild AlexNet and GoogLeNet; newer networks use batch_norm.",
    torch="LocalResponseNorm",
    traits=Traits(each_step=True),
    twin=Twin(
        "nn.LocalResponseNorm",
        lambda values, shape: values,
        channels_first=True,
        covers=lambda values, shape: len(shape) > 1,
    ),
    fields=(
        integer("size", 5, "channels in a window; of an even number, one more in front than behind"),
        number("alpha", 1e-4, "weight of the mean square in the window", low=0.0, live=True),
        number("beta", 0.75, "the power", low=0.0, live=True),
        number("k", 1.0, "added to the weighted mean square", low=1e-6, live=True),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"alpha": 0.5}, (3, 4, 8)),
        Case({"size": 2, "alpha": 2.0, "beta": 0.5}, (5, 3)),
        Case({"size": 9, "alpha": 3.0, "k": 2.0}, (4,)),
    ),
    refused=(Refused({"size": 0}, (5,), "≥ 1"), Refused({"k": 0}, (5,), "≥ 1e-06")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C); windows run over the channels, and end where those end."""
    size, cost = values["size"], prod(shape) * (values["size"] + 20)
    whole: Planned = ("N", *shape)
    given = {"size": size}
    return Plan(
        output=shape,
        forward=(Use(_forward_operation(), given, cost),),
        backward=(Use(_backward_operation(), given, cost),),
        saved={"scale": whole, "damping": whole},
        multiply_adds=prod(shape) * size,
    )


def _window(c: int, size: int, channels: int) -> range:
    """The channels around c."""
    return range(max(0, c - size // 2), min(channels, c + (size - 1) // 2 + 1))


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="divide by the local response",
        kernel=forward,
        cuda=(NumberRow(forward_cuda, gathers=True),),
        reads=("x", "alpha", "beta", "k"),
        writes=("y", "scale", "damping"),
        reference=reference,
        formula="y[n,c] = x[n,c]·damping[n,c], where damping = scale^(-beta), scale = k + alpha / size·Σ x²",
        words="A channel that answers strongly damps its neighbours, and itself.",
        element=_element,
        integers=("size",),
        torch="torch.nn.functional.local_response_norm",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="local response backward",
        kernel=backward,
        cuda=(NumberRow(backward_cuda, gathers=True),),
        reads=("x", "dy", "scale", "damping", "alpha", "beta"),
        writes=("dx",),
        reference=reference_back,
        formula="dx[n,c] = dy[n,c]·damping[n,c] - 2·alpha·beta / size·x[n,c]·Σ dy·x·damping / scale",
        words="A number moves its own output, and damps those of all windows that it is in.",
        element=_element_back,
        integers=("size",),
        torch="autograd",
    )


def _sums(values: Array, size: int, *, mirrored: bool = False) -> Array:
    """Σ over the window of each channel; mirrored, over the channels whose windows it is in."""
    channels = values.shape[-1]
    chosen = np.zeros((channels, channels))
    for c in range(channels):
        chosen[_window(c, size, channels), c] = 1
    return np.asarray(values @ (chosen.T if mirrored else chosen))


def reference(x: Array, alpha: Array, beta: Array, k: Array, size: int) -> tuple[Array, Array, Array]:
    scale = k + alpha / size * _sums(x * x, size)
    damping = scale**-beta
    return x * damping, scale, damping


def reference_back(x: Array, dy: Array, scale: Array, damping: Array, alpha: Array, beta: Array, size: int) -> Array:
    along = _sums(dy * x * damping / scale, size, mirrored=True)
    return np.asarray(dy * damping - 2 * alpha * beta / size * x * along)


def _element(at: tuple[int, ...], x: Named, alpha: Named, beta: Named, k: Named, size: int) -> Term:
    *n, c = at
    squares = total(x[(*n, j)] ** 2 for j in _window(c, size, x.shape[-1]))
    damping = apply("damping", lambda scale: scale ** -float(beta.array[0]), k[0] + alpha[0] / size * squares)
    return x[at] * damping


def _element_back(
    at: tuple[int, ...], x: Named, dy: Named, scale: Named, damping: Named, alpha: Named, beta: Named, size: int
) -> Term:
    *n, c = at
    inside = [j for j in range(x.shape[-1]) if c in _window(j, size, x.shape[-1])]
    along = total(dy[(*n, j)] * x[(*n, j)] * damping[(*n, j)] / scale[(*n, j)] for j in inside)
    return dy[at] * damping[at] - 2.0 * alpha[0] * beta[0] / size * x[at] * along


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·damping, damping = scale^(−beta), scale = k + alpha / size·Σ x² of the window; all (R, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 4)
    scale, damping = pointer(row, memory, 5), pointer(row, memory, 6)
    alpha, beta, k = pointer(row, memory, 1)[0], pointer(row, memory, 2)[0], pointer(row, memory, 3)[0]
    size = row_integer(row, 0)
    front, behind = size // 2, (size - 1) // 2
    R, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, R)
    for r in range(start, stop):
        X, Y = shifted(x, r * C), shifted(y, r * C)
        S, D = shifted(scale, r * C), shifted(damping, r * C)
        for c in range(C):
            squares = 0.0 * alpha
            for j in range(max(0, c - front), min(C, c + behind + 1)):
                squares = multiply_add(X[j], X[j], squares)
            S[c] = multiply_add(alpha / DTYPE(size), squares, k)
        for c in range(C):
            D[c] = exp(-beta * log(S[c]))
        for c in range(C):
            Y[c] = X[c] * D[c]


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·scale^(−beta), so dx = dy·damping − 2·alpha·beta / size·x·Σ dy·x·damping / scale; all (R, C).

    The sum is over the channels whose windows the number is in.
    """
    x, dy, scale = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    damping, dx = pointer(row, memory, 3), pointer(row, memory, 6)
    alpha, beta, size = pointer(row, memory, 4)[0], pointer(row, memory, 5)[0], row_integer(row, 0)
    front, behind = size // 2, (size - 1) // 2
    factor = 2.0 * alpha * beta / DTYPE(size)
    R, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, R)
    for r in range(start, stop):
        X, dY, dX = shifted(x, r * C), shifted(dy, r * C), shifted(dx, r * C)
        S, D = shifted(scale, r * C), shifted(damping, r * C)
        for c in range(C):
            along = 0.0 * alpha
            for j in range(max(0, c - behind), min(C, c + front + 1)):
                along += dY[j] * X[j] * D[j] / S[j]
            slope = dY[c] * D[c] - factor * X[c] * along
            dX[c] = dX[c] + slope if adds(row, 6) else slope


@kernel
def forward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`: every parts-th number of y, scale and damping (R, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 4)
    scale, damping = pointer(row, memory, 5), pointer(row, memory, 6)
    alpha, beta, k = pointer(row, memory, 1)[0], pointer(row, memory, 2)[0], pointer(row, memory, 3)[0]
    width, C = row_integer(row, 0), last(row, 0)
    front, behind = quotient(width, 2), quotient(width - 1, 2)
    at = part
    while at < size(row, 0):
        c, squares = at - quotient(at, C) * C, 0.0 * alpha
        for j in range(max(0, c - front), min(C, c + behind + 1)):
            value = x[at - c + j]
            squares = multiply_add(value, value, squares)
        scale[at] = multiply_add(alpha / DTYPE(width), squares, k)
        damping[at] = exp(-beta * log(scale[at]))
        y[at] = x[at] * damping[at]
        at += row[ROW_PARTS]


@kernel
def backward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `backward`: every parts-th number of dx (R, C)."""
    x, dy, scale = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    damping, dx = pointer(row, memory, 3), pointer(row, memory, 6)
    alpha, beta = pointer(row, memory, 4)[0], pointer(row, memory, 5)[0]
    width, C = row_integer(row, 0), last(row, 0)
    front, behind = quotient(width, 2), quotient(width - 1, 2)
    factor = 2.0 * alpha * beta / DTYPE(width)
    at = part
    while at < size(row, 0):
        c, along = at - quotient(at, C) * C, 0.0 * alpha
        for j in range(at - min(c, behind), at + min(C - 1 - c, front) + 1):
            along += dy[j] * x[j] * damping[j] / scale[j]
        put(dx, at, dy[at] * damping[at] - factor * x[at] * along, adds(row, 6))
        at += row[ROW_PARTS]
