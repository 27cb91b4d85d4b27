"""The rows of convolutions along one axis (sequences) and along two (pictures), and of their transposes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import convolution as kernels
from nnplay.kernels.convolution import input_gradient as gradients
from nnplay.kernels.cuda import convolution as cuda
from nnplay.operations import tiled_forms
from nnplay.operations.partial_sums import chunk
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import CudaRow, MatrixProduct, Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class ConvolutionRows:
    """Every operation that convolutions are made of, for one count of axes.

    Attributes:
        forward, forward_plain: windows times weights, with and without a bias.
        weight: gradient of the weights, and of the bias if there is one, in chunks of the batch.
        bias: gradient of a bias alone, in chunks of the batch.
        transpose: each weight matrix transposed, for the gradient of the input.
        input_gradient, input_gradient_bias: every number times the weights, added up where its window lies: the
            gradient of the input, and the forward pass of a transposed convolution.
    """

    forward: Operation
    forward_plain: Operation
    weight: Operation
    bias: Operation
    transpose: Operation
    input_gradient: Operation
    input_gradient_bias: Operation


# -- the definitions ---------------------------------------------------------------------------------------------------


def pictures(x: Array) -> Array:
    """A sequence (N, T, C) as a picture of one line; pictures stay."""
    return x if x.ndim == 4 else x[:, None]


def slide_windows(x: Array, KH: int, KW: int, SH: int, SW: int, DH: int, DW: int, G: int, OH: int, OW: int) -> Array:
    """What each window sees, (N, OH, OW, G, C / G, KH, KW)."""
    span = ((KH - 1) * DH + 1, (KW - 1) * DW + 1)
    seen = np.lib.stride_tricks.sliding_window_view(pictures(x), span, axis=(1, 2))
    seen = seen[:, ::SH, ::SW, :, ::DH, ::DW][:, :OH, :OW]
    return seen.reshape(len(x), OH, OW, G, -1, KH, KW)


def convolved(x: Array, weight: Array, bias: Any = 0.0, **window: int) -> Array:
    seen = slide_windows(x, **window)
    kernel = weight.reshape(window["KH"], window["KW"], seen.shape[4], window["G"], -1)
    y = np.einsum("nhwgcij,ijcgf->nhwgf", seen, kernel, optimize=True)
    return np.asarray(y.reshape(*y.shape[:3], -1) + bias)


def weight_gradient(x: Array, dy: Array, chunks: int, biased: int, **window: int) -> Array:
    seen = slide_windows(x, **window)
    split = pictures(dy).reshape(*seen.shape[:4], -1)
    lines = [np.concatenate(list(part)) for part in (seen, split)]  # (N·OH, OW, …)
    dweight = [
        np.einsum("lwgcij,lwgf->ijcgf", lines[0][rows], lines[1][rows], optimize=True).reshape(-1)
        for rows in (chunk(len(lines[0]), p, chunks) for p in range(chunks))
    ]
    if not biased:
        return np.stack(dweight)
    sums = [lines[1][chunk(len(lines[1]), p, chunks)].sum(axis=(0, 1)).reshape(-1) for p in range(chunks)]
    return np.concatenate([np.stack(dweight), np.stack(sums)], axis=1)


def bias_gradient(dy: Array, chunks: int) -> Array:
    rows = dy.reshape(-1, dy.shape[-1])
    return np.stack([rows[chunk(len(rows), p, chunks)].sum(axis=0) for p in range(chunks)])


def transposed(weight: Array, G: int) -> Array:
    grouped = weight.reshape(*weight.shape[:-1], G, -1)  # (…, C / G, G, F / G)
    return np.moveaxis(grouped, -3, -1).swapaxes(-3, -2).reshape(*weight.shape[:-2], grouped.shape[-1], -1)


def input_gradient(
    dy: Array, transposed: Array, bias: Any = 0.0, *, KH: int, KW: int, SH: int, SW: int, DH: int, DW: int, G: int,
    PH: int, PW: int, LH: int, LW: int, H: int, W: int, after: int,
) -> Array:  # fmt: skip
    split = pictures(dy).reshape(*pictures(dy).shape[:3], G, -1)
    N, OH, OW = split.shape[:3]
    w = transposed.reshape(KH, KW, split.shape[-1], G, -1)
    dx = np.zeros((N, (OH + KH) * SH + KH * DH + H, (OW + KW) * SW + KW * DW + W, transposed.shape[-1]), dy.dtype)
    for kh, kw in product(range(KH), range(KW)):
        part = np.einsum("nhwgf,fgc->nhwgc", split, w[kh, kw]).reshape(N, OH, OW, -1)
        dx[:, kh * DH : kh * DH + OH * SH : SH, kw * DW : kw * DW + OW * SW : SW] += part
    top, left = PH + LH * SH, PW + LW * SW
    return np.asarray(dx[:, top : top + H, left : left + W] + bias)


# -- one element of each -----------------------------------------------------------------------------------------------


def ahead(at: tuple[int, ...], taps: tuple[int, ...], given: dict[str, int]) -> tuple[int, ...]:
    """The input's place that an output's window touches with one kernel number."""
    axes = "DHW"[-len(taps) :]
    return tuple(at[i] * given[f"S{axis}"] + taps[i] * given[f"D{axis}"] for i, axis in enumerate(axes))


def forward_element(at: tuple[int, ...], x: Named, weight: Named, *bias: Named, **given: int) -> Term:
    """One output, along any count of axes."""
    n, *place, f = at
    c_count, F = weight.shape[-2:]
    first = f // (F // given["G"]) * c_count
    result = total(
        x[(n, *ahead(tuple(place), tuple(taps), given), first + c)] * weight[(*taps, c, f)]
        for *taps, c in np.ndindex(*weight.shape[:-1])
    )
    return result + bias[0][f] if bias else result


def _weight_element(at: tuple[int, ...], x: Named, dy: Named, chunks: int, biased: int, **given: int) -> Term:
    p, place = at
    KW, G, OH, OW, F = given["KW"], given["G"], given["OH"], given["OW"], dy.shape[-1]
    shape = (given["KH"], KW, x.shape[-1] // G, F)
    lines = range(dy.shape[0] * OH)[chunk(dy.shape[0] * OH, p, chunks)]
    places = [(line // OH, (line % OH, ow)[4 - len(dy.shape) :]) for line, ow in product(lines, range(OW))]
    if place >= np.prod(shape):
        return total(dy[(n, *out, place - int(np.prod(shape)))] for n, out in places)
    kh, kw, c, f = (int(part) for part in np.unravel_index(place, shape))
    taps = (kh, kw)[4 - len(dy.shape) :]
    channel = f // (F // G) * shape[2] + c
    return total(x[(n, *ahead(out, taps, given), channel)] * dy[(n, *out, f)] for n, out in places)


def _bias_element(at: tuple[int, ...], dy: Named, chunks: int) -> Term:
    p, f = at
    rows = Named(dy.name, dy.array.reshape(-1, dy.shape[-1]))
    return total(rows[r, f] for r in range(rows.shape[0])[chunk(rows.shape[0], p, chunks)])


def _transposed_element(at: tuple[int, ...], weight: Named, G: int) -> Term:
    *taps, f, c = at
    c_count, F = weight.shape[-2:]
    return weight[(*taps[len(taps) + 2 - len(weight.shape) :], c % c_count, c // c_count * (F // G) + f)] * 1.0


def _input_gradient_element(at: tuple[int, ...], dy: Named, transposed: Named, *bias: Named, **given: int) -> Term:
    n, *place, c = at
    f_count, C = transposed.shape[-2:]
    first = c // (C // given["G"]) * f_count
    axes = "HW"[-len(place) :]
    choices = [list(_behind(place[i], axis, given)) for i, axis in enumerate(axes)]
    terms = [
        dy[(n, *(source for _, source in chosen), first + f)]
        * transposed[(*(0,) * (2 - len(axes)), *(tap for tap, _ in chosen), f, c)]
        for chosen in product(*choices)
        for f in range(f_count)
    ]
    result = total(terms) if terms else as_term(0.0)
    return result + bias[0][c] if bias else result


def _behind(place: int, axis: str, given: dict[str, int]) -> Iterator[tuple[int, int]]:
    """The kernel numbers that touch a place along one axis, each with the window that it belongs to."""
    for tap in range(given[f"K{axis}"]):
        distance = place + given[f"P{axis}"] - tap * given[f"D{axis}"]
        if distance % given[f"S{axis}"] == 0:
            yield tap, distance // given[f"S{axis}"] + given[f"L{axis}"]


# -- the operations ----------------------------------------------------------------------------------------------------


SEEN = "A small matrix of weights slides over the input; each output is the weighted sum of one window."
BEHIND = "each input collects from all filters, once for each place of the kernel that lay on it"
IN_FRONT = "each weight meets every window of every row at its own place"
BACK = "Every output passes its gradient back to the inputs in its window, with the same weights."


@dataclass(frozen=True, slots=True)
class _Letters:
    """How places are written in formulas: of an output, of what its window sees, and of the kernel's numbers."""

    axes: int

    @property
    def out(self) -> str:
        return "h,w" if self.axes == 2 else "t"

    @property
    def into(self) -> str:
        return "h·SH + i·DH,w·SW + j·DW" if self.axes == 2 else "t·SW + i·DW"

    @property
    def taps(self) -> str:
        return "i,j" if self.axes == 2 else "i"


def _forward(at: _Letters, bias: bool) -> Operation:
    return Operation(
        name="x∗w + b" if bias else "x∗w",
        kernel=kernels.forward if bias else kernels.forward_without_bias,
        cuda=(NumberRow(cuda.forward if bias else cuda.forward_without_bias, gathers=True),),
        tiled=tiled_forms.CONVOLVED if bias else tiled_forms.CONVOLVED_WITHOUT_BIAS,
        reads=("x", "weight", "bias") if bias else ("x", "weight"),
        writes=("y",),
        reference=convolved,
        formula=f"y[n,{at.out},f] = Σ x[n,{at.into},c]·weight[{at.taps},c,f]" + (" + bias[f]" if bias else ""),
        words=f"{SEEN} The same weights are used everywhere, so what is learned in one place applies everywhere.",
        element=forward_element,
        integers=kernels.WINDOW,
        torch=f"torch.nn.functional.conv{at.axes}d (channels first)",
    )


def _input_gradient(at: _Letters, bias: bool) -> Operation:
    summed = f"y[n,{at.into},c] += Σ x[n,{at.out},f]·transposed[{at.taps},f,c]"
    return Operation(
        name="spread by w, + b" if bias else "spread by w",
        kernel=gradients.input_gradient_bias if bias else gradients.input_gradient,
        cuda=(NumberRow(cuda.input_gradient_bias if bias else cuda.input_gradient, gathers=True),),
        tiled=tiled_forms.CONVOLVED_INPUT_BIAS if bias else tiled_forms.CONVOLVED_INPUT,
        reads=("dy", "transposed", "bias") if bias else ("dy", "transposed"),
        writes=("dx",),
        reference=input_gradient,
        formula=summed + (" + bias[c]" if bias else ""),
        words=BACK,
        element=_input_gradient_element,
        integers=gradients.INPUT_GRADIENT,
        product=MatrixProduct("dy", "transposed", "", BEHIND),
        torch=f"torch.nn.functional.conv_transpose{at.axes}d (channels first)",
    )


def _weight(at: _Letters) -> Operation:
    summed = f"dweight[{at.taps},c,f] = Σ x[n,{at.into},c]·dy[n,{at.out},f]"
    return Operation(
        name="gradients of weight and bias, partial sums",
        kernel=kernels.backward_weight,
        cuda=(CudaRow(cuda.weight_partial, cuda.weight_parts), CudaRow(cuda.weight_fold)),
        tiled=tiled_forms.CONVOLVED_WEIGHT,
        reads=("x", "dy"),
        writes=("partial_sums",),
        reference=weight_gradient,
        formula=f"{summed}, then dbias[f] = Σ dy[n,{at.out},f]",
        words="A weight is to blame for every position where its input and the output's gradient were large.",
        element=_weight_element,
        integers=(*kernels.WINDOW, "chunks", "biased"),
        product=MatrixProduct("x", "dy", "x", IN_FRONT, window=("KH", "KW"), gives="dweight"),
        torch="autograd",
    )


def bias_row() -> Operation:
    """The gradient of a bias alone."""
    return Operation(
        name="gradient of bias, partial sums",
        kernel=kernels.sum_channels,
        cuda=(CudaRow(cuda.channels_partial, cuda.channel_parts), CudaRow(cuda.channels_fold)),
        reads=("dy",),
        writes=("bias_partial_sums",),
        reference=bias_gradient,
        formula="dbias[f] = Σ dy[…,f]",
        words="A bias shifts its channel equally everywhere, so its gradient is the sum over all positions.",
        element=_bias_element,
        integers=("chunks",),
        torch="autograd",
    )


def transpose_row(taps: str) -> Operation:
    """Each weight matrix transposed; `taps` are the kernel's numbers in the formula."""
    return Operation(
        name="weights transposed",
        kernel=kernels.transpose,
        cuda=(CudaRow(cuda.transpose),),
        reads=("weight",),
        writes=("transposed",),
        reference=transposed,
        formula=f"transposed[{taps},f,c] = weight[{taps},c,f]",
        words="Swaps inputs and outputs, for the backward pass through the same weights.",
        element=_transposed_element,
        integers=("G",),
        torch="autograd",
    )


def _rows(axes: int) -> ConvolutionRows:
    at = _Letters(axes)
    return ConvolutionRows(
        forward=_forward(at, True),
        forward_plain=_forward(at, False),
        weight=_weight(at),
        bias=bias_row(),
        transpose=transpose_row(at.taps),
        input_gradient=_input_gradient(at, False),
        input_gradient_bias=_input_gradient(at, True),
    )


SEQUENCE = _rows(1)
PICTURE = _rows(2)
