"""The rows of resizing: a table of weights for each axis, and the weighted sums that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import resizing as kernels
from nnplay.kernels.cuda import resampling as cuda
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


def blend(distance: Array, reach: int, sharp: float) -> Array:
    """Weights of inputs at a distance: a tent for reach 1, Keys' cubic with a = `sharp` for reach 2.

    Source: Keys, Cubic convolution interpolation for digital image processing, 1981.
    """
    t = np.abs(distance)
    if reach == 1:
        return np.asarray(np.maximum(0.0, 1 - t))
    near = ((sharp + 2) * t - (sharp + 3)) * t * t + 1
    far = sharp * (((t - 5) * t + 8) * t - 4)
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def count_taps(size: int, A: int, C: int, reach: int, wide: int) -> int:
    """How many inputs an output can blend."""
    if reach == 0:
        return 1
    return min(size, 2 * reach * max(A, C) // C + 2 if wide else 2 * reach)


def weight_line(o: int, taps: int, size: int, A: int, B: int, C: int, reach: int, wide: int) -> Array:
    """The first input that output o blends, and the weights of that one and of those behind it, (1 + taps)."""
    place = o * A + B
    if reach == 0:
        return np.array([min(max(place // C, 0), size - 1), 1.0])
    if wide:
        first = max((place + C - reach * max(A, C)) // C, 0)
        seen = np.arange(first, min(first + taps, size))
        shares = blend((seen * C - place) / max(A, C), reach, -0.5)
        return np.array([first, *shares / shares.sum(), *(0.0,) * (taps - len(seen))])
    seen = np.arange(place // C - reach + 1, place // C + reach + 1)
    first = min(max(int(seen[0]), 0), size - taps)
    shares = np.zeros(taps)
    np.add.at(shares, np.clip(seen, 0, size - 1) - first, blend((seen * C - place) / C, reach, -0.75))
    return np.array([first, *shares])


def weight_table(shapes: tuple[Shape, ...], dtype: Any, **given: int) -> Array:
    outputs, width = shapes[0]
    return np.array([weight_line(o, width - 1, **given) for o in range(outputs)])


def _matrix(table: Array, size: int) -> Array:
    """The weights of a table as (outputs, inputs)."""
    dense = np.zeros((len(table), size + table.shape[1]))
    for o, (first, *weights) in enumerate(table):
        dense[o, int(first) : int(first) + len(weights)] = weights
    return dense[:, :size]


def resized(x: Array, rows: Array, columns: Array, H: int, W: int) -> Array:
    picture = x.reshape(len(x), H, W, -1)
    return np.asarray(np.einsum("oh,pw,nhwc->nopc", _matrix(rows, H), _matrix(columns, W), picture, optimize=True))


def resized_back(dy: Array, rows: Array, columns: Array, H: int, W: int) -> Array:
    picture = dy.reshape(len(dy), len(rows), len(columns), -1)
    return np.asarray(np.einsum("oh,pw,nopc->nhwc", _matrix(rows, H), _matrix(columns, W), picture, optimize=True))


def _element(at: tuple[int, ...], x: Named, rows: Named, columns: Named, H: int, W: int) -> Term:
    o, p = (0, *at[1:-1])[-2:]
    v, u = rows.array[o], columns.array[p]
    return total(
        x[(at[0], *(int(v[0]) + i, int(u[0]) + j)[4 - len(at) :], at[-1])] * (rows[o, 1 + i] * columns[p, 1 + j])
        for i in range(len(v) - 1)
        for j in range(len(u) - 1)
        if v[1 + i] * u[1 + j]
    )


def _element_back(at: tuple[int, ...], dy: Named, rows: Named, columns: Named, H: int, W: int) -> Term:
    h, w = (0, *at[1:-1])[-2:]
    users = [
        [
            (o, h_or_w - int(line[0]) + 1)
            for o, line in enumerate(table.array)
            if 0 <= h_or_w - int(line[0]) < len(line) - 1
        ]
        for table, h_or_w in ((rows, h), (columns, w))
    ]
    return total(
        dy[(at[0], *(o, p)[4 - len(at) :], at[-1])] * (rows[o, i] * columns[p, j])
        for o, i in users[0]
        for p, j in users[1]
        if rows.array[o, i] * columns.array[p, j]
    )


def _weights_element(at: tuple[int, ...], weights: Named, **given: int) -> Term:
    taps = count_taps(*(given[name] for name in ("size", "A", "C", "reach", "wide")))
    return as_term(float(weight_line(at[0], taps, **given)[at[1]]))


WEIGHTS = Operation(
    name="weights of neighbours",
    kernel=kernels.weights,
    cuda=(CudaRow(kernels.weights),),
    reads=(),
    writes=("weights",),
    reference=weight_table,
    formula="weights[o] = the first input of output o, then blend(|input - (o·A + B) / C|) of it and its neighbours",
    words="Says for every output along one axis which inputs it blends, and how much of each.",
    element=_weights_element,
    integers=kernels.WEIGHTS,
    torch="part of torch.nn.functional.interpolate",
)
FORWARD = Operation(
    name="resize",
    kernel=kernels.resize,
    cuda=(NumberRow(cuda.resize, gathers=True),),
    reads=("x", "rows", "columns"),
    writes=("y",),
    reference=resized,
    formula="y[n,o,p,c] = Σ rows[o,1 + i]·columns[p,1 + j]·x[n,rows[o,0] + i,columns[p,0] + j,c]",
    words="Each output is the nearest input, or a blend of its neighbours, weighted by how near they are.",
    element=_element,
    integers=kernels.RESIZE,
    torch="torch.nn.functional.interpolate (channels first)",
)
BACKWARD = Operation(
    name="resize backward",
    kernel=kernels.resize_backward,
    cuda=(NumberRow(cuda.resize_backward, gathers=True),),
    reads=("dy", "rows", "columns"),
    writes=("dx",),
    reference=resized_back,
    formula="dx[n,rows[o,0] + i,columns[p,0] + j,c] += rows[o,1 + i]·columns[p,1 + j]·dy[n,o,p,c]",
    words="Each input collects the gradients of the outputs it contributed to, with the same weights.",
    element=_element_back,
    integers=kernels.RESIZE,
    torch="autograd",
)
