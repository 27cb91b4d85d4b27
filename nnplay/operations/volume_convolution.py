"""The rows of convolutions along three axes, of volumes and clips, and of their transposes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import volumes
from nnplay.kernels.cuda import convolution as cuda_pictures
from nnplay.kernels.cuda import volumes as cuda
from nnplay.operations import tiled_forms
from nnplay.operations.convolution import (
    BACK,
    BEHIND,
    IN_FRONT,
    SEEN,
    ConvolutionRows,
    ahead,
    bias_row,
    forward_element,
    transpose_row,
)
from nnplay.operations.partial_sums import chunk
from nnplay.records.operation import CudaRow, MatrixProduct, Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]
_AXES = "DHW"


def slide_windows(x: Array, weight: tuple[int, ...], outputs: tuple[int, ...], given: dict[str, int]) -> Array:
    """What each window sees, (N, OD, OH, OW, G, C / G, KD, KH, KW), for kernels of that shape and so many windows."""
    steps = [[given[f"{name}{axis}"] for axis in _AXES] for name in "SD"]
    spans = tuple((k - 1) * d + 1 for k, d in zip(weight, steps[1], strict=True))
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, axis=(1, 2, 3))
    strides, holes = ([slice(None, None, step) for step in one] for one in steps)
    seen = seen[(slice(None), *strides, slice(None), *holes)]
    seen = seen[(slice(None), *(slice(count) for count in outputs))]
    return seen.reshape(*seen.shape[:4], given["G"], -1, *weight)


def convolved(x: Array, weight: Array, bias: Any = 0.0, **given: int) -> Array:
    seen = slide_windows(x, weight.shape[:3], (given["OD"], given["OH"], given["OW"]), given)
    kernel = weight.reshape(*weight.shape[:3], seen.shape[5], given["G"], -1)
    y = np.einsum("ndhwgcijk,ijkcgf->ndhwgf", seen, kernel, optimize=True)
    return np.asarray(y.reshape(*y.shape[:4], -1) + bias)


def weight_gradient(x: Array, dy: Array, chunks: int, biased: int, **given: int) -> Array:
    seen = slide_windows(x, (given["KD"], given["KH"], given["KW"]), dy.shape[1:4], given)
    split = dy.reshape(*seen.shape[:5], -1)
    slices = [part.reshape(-1, *part.shape[2:]) for part in (seen, split)]  # (N·OD, OH, …)
    parts = [chunk(len(slices[0]), p, chunks) for p in range(chunks)]
    dweight = [
        np.einsum("shwgcijk,shwgf->ijkcgf", slices[0][rows], slices[1][rows], optimize=True).reshape(-1)
        for rows in parts
    ]
    sums = [slices[1][rows].sum(axis=(0, 1, 2)).reshape(-1) for rows in parts]
    return np.concatenate([np.stack(dweight), np.stack(sums)], axis=1) if biased else np.stack(dweight)


def input_gradient(dy: Array, transposed: Array, bias: Any = 0.0, **given: int) -> Array:
    kernel, sizes = transposed.shape[:3], [given[axis] for axis in _AXES]
    stride, spaced = ([given[f"{name}{axis}"] for axis in _AXES] for name in "SD")
    dx = np.zeros((len(dy), *sizes, transposed.shape[-1]), dy.dtype)
    fronts = [(k - 1) * d // s for k, d, s in zip(kernel, spaced, stride, strict=True)]
    weights = transposed.reshape(*transposed.shape[:4], given["G"], -1)
    for place in np.ndindex(*dy.shape[1:4]):
        source = dy[(slice(None), *place)].reshape(len(dy), given["G"], -1)
        for taps in np.ndindex(*kernel):
            target = tuple(
                (at - front) * s + k * d for at, front, s, k, d in zip(place, fronts, stride, taps, spaced, strict=True)
            )
            if all(0 <= at < size for at, size in zip(target, sizes, strict=True)):
                dx[(slice(None), *target)] += np.einsum("ngf,fgc->ngc", source, weights[taps]).reshape(len(dy), -1)
    return np.asarray(dx + bias)


# -- one element of each -----------------------------------------------------------------------------------------------


def _weight_element(at: tuple[int, ...], x: Named, dy: Named, chunks: int, biased: int, **given: int) -> Term:
    p, place = at
    N, OD, OH, OW, F = dy.shape
    shape = (given["KD"], given["KH"], given["KW"], x.shape[-1] // given["G"], F)
    slices = range(N * OD)[chunk(N * OD, p, chunks)]
    places = [(one // OD, (one % OD, oh, ow)) for one, oh, ow in product(slices, range(OH), range(OW))]
    count = int(np.prod(shape))
    if place >= count:
        return total(dy[(n, *out, place - count)] for n, out in places)
    *taps, c, f = (int(part) for part in np.unravel_index(place, shape))
    channel = f // (F // given["G"]) * shape[3] + c
    return total(x[(n, *ahead(out, tuple(taps), given), channel)] * dy[(n, *out, f)] for n, out in places)


def _input_gradient_element(at: tuple[int, ...], dy: Named, transposed: Named, *bias: Named, **given: int) -> Term:
    n, *place, c = at
    f_count, C = transposed.shape[-2:]
    first = c // (C // given["G"]) * f_count
    choices = [_behind(one, axis, given) for one, axis in zip(place, _AXES, strict=True)]
    terms = [
        dy[(n, *(source for _, source in chosen), first + f)] * transposed[(*(tap for tap, _ in chosen), f, c)]
        for chosen in product(*choices)
        for f in range(f_count)
    ]
    result = total(terms) if terms else as_term(0.0)
    return result + bias[0][c] if bias else result


def _behind(place: int, axis: str, given: dict[str, int]) -> list[tuple[int, int]]:
    """The kernel numbers that touch a place along one axis, each with the window that it belongs to."""
    K, S, D = given[f"K{axis}"], given[f"S{axis}"], given[f"D{axis}"]
    front = (K - 1) * D // S
    return [(tap, (place - tap * D) // S + front) for tap in range(K) if (place - tap * D) % S == 0]


# -- the operations ----------------------------------------------------------------------------------------------------

_INTO = "d·SD + i·DD,h·SH + j·DH,w·SW + k·DW"


def _forward(bias: bool) -> Operation:
    return Operation(
        name="x∗w + b over volumes" if bias else "x∗w over volumes",
        kernel=volumes.forward if bias else volumes.forward_without_bias,
        cuda=(CudaRow(cuda.forward if bias else cuda.forward_without_bias),),
        tiled=tiled_forms.VOLUME if bias else tiled_forms.VOLUME_WITHOUT_BIAS,
        reads=("x", "weight", "bias") if bias else ("x", "weight"),
        writes=("y",),
        reference=convolved,
        formula=f"y[n,d,h,w,f] = Σ x[n,{_INTO},c]·weight[i,j,k,c,f]" + (" + bias[f]" if bias else ""),
        words=f"{SEEN} It sees several slices at once, so it can tell how a clip goes on from frame to frame.",
        element=forward_element,
        integers=volumes.WINDOW3,
        torch="torch.nn.functional.conv3d (channels first)",
    )


def _input_gradient(bias: bool) -> Operation:
    return Operation(
        name="spread by w in volumes, + b" if bias else "spread by w in volumes",
        kernel=volumes.input_gradient_bias if bias else volumes.input_gradient,
        cuda=(CudaRow(cuda.input_gradient_bias if bias else cuda.input_gradient),),
        tiled=tiled_forms.VOLUME_INPUT_BIAS if bias else tiled_forms.VOLUME_INPUT,
        reads=("dy", "transposed", "bias") if bias else ("dy", "transposed"),
        writes=("dx",),
        reference=input_gradient,
        formula=f"y[n,{_INTO},c] += Σ x[n,d,h,w,f]·transposed[i,j,k,f,c]" + (" + bias[c]" if bias else ""),
        words=BACK,
        element=_input_gradient_element,
        integers=volumes.INPUT3,
        product=MatrixProduct("dy", "transposed", "", BEHIND),
        torch="torch.nn.functional.conv_transpose3d (channels first)",
    )


VOLUME = ConvolutionRows(
    forward=_forward(True),
    forward_plain=_forward(False),
    weight=Operation(
        name="gradients of weight and bias of volumes, partial sums",
        kernel=volumes.backward_weight,
        cuda=(CudaRow(cuda.weight_partial, cuda.weight_parts), CudaRow(cuda_pictures.weight_fold)),
        tiled=tiled_forms.VOLUME_WEIGHT,
        reads=("x", "dy"),
        writes=("partial_sums",),
        reference=weight_gradient,
        formula=f"dweight[i,j,k,c,f] = Σ x[n,{_INTO},c]·dy[n,d,h,w,f], then dbias[f] = Σ dy[n,d,h,w,f]",
        words="A weight is to blame for every position where its input and the output's gradient were large.",
        element=_weight_element,
        integers=volumes.WEIGHT3,
        product=MatrixProduct("x", "dy", "x", IN_FRONT, window=("KD", "KH", "KW"), gives="dweight"),
        torch="autograd",
    ),
    bias=bias_row(),
    transpose=transpose_row("i,j,k"),
    input_gradient=_input_gradient(False),
    input_gradient_bias=_input_gradient(True),
)
