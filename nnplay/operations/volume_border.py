"""Rows that put zeros around volumes, and take them away again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import volumes as kernels
from nnplay.kernels.cuda import volumes as cuda
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


def volume_border(axes: Sequence[tuple[int, int, int]]) -> dict[str, int]:
    """The integers of both rows from (in front, inside, behind) for each of three axes."""
    sizes = [inside for _, inside, _ in axes]
    fronts = [front for front, _, _ in axes]
    return dict(zip(kernels.BORDER3, [*sizes, *fronts, *(sum(axis) for axis in axes)], strict=True))


def padded(x: Array, D: int, H: int, W: int, front: int, top: int, left: int, DP: int, HP: int, WP: int) -> Array:
    behind = (DP - D - front, HP - H - top, WP - W - left)
    return np.pad(x, ((0, 0), *zip((front, top, left), behind, strict=True), (0, 0)))


def cropped(x: Array, D: int, H: int, W: int, front: int, top: int, left: int, **outer: int) -> Array:
    return x[:, front : front + D, top : top + H, left : left + W]


def _padded_element(at: tuple[int, ...], x: Named, front: int, top: int, left: int, **given: int) -> Term:
    inside = tuple(place - before for place, before in zip(at[1:-1], (front, top, left), strict=True))
    if any(not 0 <= place < size for place, size in zip(inside, x.shape[1:-1], strict=True)):
        return as_term(0.0)
    return x[(at[0], *inside, at[-1])] * 1.0


def _cropped_element(at: tuple[int, ...], x: Named, front: int, top: int, left: int, **given: int) -> Term:
    n, d, h, w, c = at
    return x[n, d + front, h + top, w + left, c] * 1.0


PAD = Operation(
    name="zero padding of volumes",
    kernel=kernels.pad,
    cuda=(CudaRow(cuda.pad),),
    reads=("x",),
    writes=("y",),
    reference=padded,
    formula="y[n,d,h,w,c] = x[n,d - front,h - top,w - left,c] inside, else 0",
    words="Adds a border of zeros, so that windows at the edge are as large as those inside.",
    element=_padded_element,
    integers=kernels.BORDER3,
    torch="torch.nn.functional.pad",
)
INSIDE = Operation(
    name="the inside of volumes",
    kernel=kernels.crop,
    cuda=(CudaRow(cuda.crop),),
    reads=("x",),
    writes=("y",),
    reference=cropped,
    formula="y[n,d,h,w,c] = x[n,d + front,h + top,w + left,c]",
    words="Keeps the inside and drops the border.",
    element=_cropped_element,
    integers=kernels.BORDER3,
    torch="x[:, :, front:front + D, top:top + H, left:left + W]",
)
