"""Rows that put zero padding pictures and sequences, and take them away again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import convolution as kernels
from nnplay.kernels.cuda import convolution as cuda
from nnplay.operations.window_geometry import Axis
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


def border(*axes: Axis) -> dict[str, int]:
    """The integers of `PAD` and `INSIDE` for the zero padding one or two axes."""
    return border_of([(axis.before, axis.size, axis.after) for axis in axes])


def border_of(axes: list[tuple[int, int, int]]) -> dict[str, int]:
    """The same from (in front, inside, behind) for each axis; a sequence is a picture of one line."""
    (top, H, bottom), (left, W, right) = [(0, 1, 0), *axes][-2:]
    return {"H": H, "W": W, "top": top, "left": left, "HP": top + H + bottom, "WP": left + W + right}


def padded(x: Array, H: int, W: int, top: int, left: int, HP: int, WP: int) -> Array:
    picture = x.reshape(len(x), H, W, -1)
    return np.pad(picture, ((0, 0), (top, HP - H - top), (left, WP - W - left), (0, 0)))


def cropped(x: Array, H: int, W: int, top: int, left: int, HP: int, WP: int) -> Array:
    picture = x.reshape(len(x), HP, WP, -1)
    return picture[:, top : top + H, left : left + W]


def _padded_element(at: tuple[int, ...], x: Named, H: int, W: int, top: int, left: int, **outer: int) -> Term:
    inside = tuple(place - before for place, before in zip(at[1:-1], (top, left)[3 - len(at) + 1 :], strict=True))
    if any(not 0 <= place < size for place, size in zip(inside, x.shape[1:-1], strict=True)):
        return as_term(0.0)
    return x[(at[0], *inside, at[-1])] * 1.0


def _cropped_element(at: tuple[int, ...], x: Named, H: int, W: int, top: int, left: int, **outer: int) -> Term:
    outside = tuple(place + before for place, before in zip(at[1:-1], (top, left)[3 - len(at) + 1 :], strict=True))
    return x[(at[0], *outside, at[-1])] * 1.0


PAD = Operation(
    name="zero padding",
    kernel=kernels.pad,
    cuda=(CudaRow(cuda.pad),),
    reads=("x",),
    writes=("y",),
    reference=padded,
    formula="y[n,h,w,c] = x[n,h - top,w - left,c] inside, else 0",
    words="Adds a border of zeros, so that windows at the edge are as large as those inside.",
    element=_padded_element,
    integers=kernels.BORDER,
    torch="torch.nn.functional.pad",
)
INSIDE = Operation(
    name="the inside",
    kernel=kernels.crop,
    cuda=(CudaRow(cuda.crop),),
    reads=("x",),
    writes=("y",),
    reference=cropped,
    formula="y[n,h,w,c] = x[n,h + top,w + left,c]",
    words="Keeps the inside and drops the border.",
    element=_cropped_element,
    integers=kernels.BORDER,
    torch="x[:, :, top:top + H, left:left + W]",
)
