"""LayerNorm: the numbers of each place get mean 0 and deviation 1 among themselves, then a learned scale and shift.

Ba, Kiros and Hinton: Layer normalization (2016). Nothing depends on the other rows of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import number
from nnplay.kernels.arithmetic import lane_dot, lane_sum, multiply_add, scratch
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda import normalise as cuda
from nnplay.kernels.normalise.loops import rounded_mean
from nnplay.kernels.operands import adds, dimension, pointer, rows_of, share, shifted
from nnplay.operations.normalise import affine_field, bias_field, distance, learned, mean_of, rounded
from nnplay.operations.normalise import rows_of as flattened
from nnplay.operations.padding import keep_padding, padded_field
from nnplay.operations.partial_sums import ADD_PARTIAL_SUMS, CHUNKS, chunk, sum_of
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]
#: Numbers of a place that are weighted at once.
BLOCK: Final = 256


LAYER_NORM = LayerRecord(
    name="layer_norm",
    title="LayerNorm",
    family="normalisation",
    about="Gives the features at each position mean 0 and standard deviation 1, in training and evaluation alike.",
    when="In transformers and recurrent networks, and for any batch size.",
    torch="LayerNorm",
    twin=Twin(
        "nn.LayerNorm",
        lambda values, shape: {
            "normalized_shape": shape[-1:],
            "eps": values["eps"],
            "elementwise_affine": values["affine"],
            **({} if values["bias"] else {"bias": False}),
        },
        covers=lambda values, shape: not values["padded"],
    ),
    fields=(
        number("eps", 1e-5, "added to the variance, for constant rows", low=1e-12, live=True),
        padded_field(),
        affine_field(),
        bias_field(),
    ),
    plan=lambda values, shape: plan(values, shape),
    traits=Traits(each_step=True),
    cases=(
        Case({}, (5,)),
        Case({"eps": 0.1}, (3, 4, 2)),
        Case({}, (7, 17)),
        Case({}, (33,)),
        Case({"eps": 0.5}, (2,)),
        Case({"padded": True}, (4, 5)),
        Case({"affine": False}, (3, 4)),
        Case({"bias": False}, (3, 4)),
    ),
    refused=(
        Refused({"eps": 0}, (5,), "≥ 1e-12"),
        Refused({"eps": "small"}, (5,), "not a number"),
        Refused({}, (4, 1), "one value per position"),
        Refused({"padded": True}, (8,), "padding only applies to sequences"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C) with weight, bias (C); every place on the axes between is normalised by itself.

    Raises:
        InputError: every place has a single number, of which nothing would be left.
    """
    if shape[-1] == 1:
        what = f"its input, {shape_text(shape)}, has one value per position, which normalising turns into 0"
        raise InputError(what, hint="use batch_norm")
    C, cost = shape[-1], 8 * prod(shape)
    planned = Plan(
        output=shape,
        parameters={"weight": Parameter((C,), "ones"), "bias": Parameter((C,))},
        saved=dict.fromkeys(("mean", "rest", "rstd"), ("N", *shape[:-1])),
        scratch={"sums": (CHUNKS, 2 * C)},
        forward=(Use(_forward_operation(), cost=cost),),
        backward=(
            Use(_parameters_operation(), {"chunks": CHUNKS}, cost),
            Use(ADD_PARTIAL_SUMS, sum_of((C,)), names={"partial_sums": "sums", "y": "dweight"}),
            Use(ADD_PARTIAL_SUMS, sum_of((C,), C), names={"partial_sums": "sums", "y": "dbias"}),
            Use(_input_operation(), cost=cost),
        ),
        multiply_adds=prod(shape),
    )
    planned = learned(planned, values)
    return keep_padding(planned, shape) if values["padded"] else planned


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="normalise each position",
        kernel=forward,
        cuda=(CudaRow(forward),),
        reads=("x", "weight", "bias", "eps"),
        writes=("y", "mean", "rest", "rstd"),
        reference=reference,
        formula="y[n,c] = (x[n,c] - mean[n] - rest[n])·rstd[n]·weight[c] + bias[c], where rstd = 1 / √(variance + eps)",
        words="Gives the features at each position the same mean and spread, whatever came before; rest is what "
        "rounding takes from the mean.",
        element=_element,
        torch="torch.nn.functional.layer_norm",
    )


@cache
def _parameters_operation() -> Operation:
    return Operation(
        name="gradients of weight and bias, partial sums",
        kernel=backward_parameters,
        cuda=(CudaRow(cuda.row_sums_partial, cuda.row_sum_parts), CudaRow(cuda.sums_join)),
        reads=("x", "dy", "mean", "rest", "rstd"),
        writes=("sums",),
        reference=reference_parameters,
        formula="sums[p] = Σ dy·(x - mean - rest)·rstd, Σ dy of the rows of chunk p",
        words="The scale is to blame where a normalised input was large, the shift everywhere equally.",
        element=_element_parameters,
        integers=("chunks",),
        torch="autograd",
    )


@cache
def _input_operation() -> Operation:
    return Operation(
        name="gradient of x",
        kernel=backward_input,
        cuda=(CudaRow(cuda.row_input_gradient),),
        reads=("x", "dy", "mean", "rest", "rstd", "weight"),
        writes=("dx",),
        reference=reference_input,
        formula="dx = rstd·(g - mean g - x̂·mean (g·x̂)), where g = dy·weight, x̂ = (x - mean - rest)·rstd",
        words="Changing one value also changes the mean and deviation at its position; the two means account for that.",
        element=_element_input,
        torch="autograd",
    )


def reference(x: Array, weight: Array, bias: Array, eps: Array) -> tuple[Array, Array, Array, Array]:
    exact = x.astype(np.float64)
    mean, rest = rounded(exact.mean(axis=-1, keepdims=True), x.dtype)
    rstd = 1 / np.sqrt(exact.var(axis=-1, keepdims=True) + eps)
    return distance(x, mean, rest) * rstd * weight + bias, mean, rest, rstd


def _hat(x: Array, mean: Array, rest: Array, rstd: Array) -> Array:
    """x̂ = (x - mean - rest)·rstd."""
    return distance(x, mean[..., None], rest[..., None]) * rstd[..., None]


def reference_parameters(x: Array, dy: Array, mean: Array, rest: Array, rstd: Array, chunks: int) -> Array:
    C = x.shape[-1]
    slopes, normalised = dy.reshape(-1, C), _hat(x, mean, rest, rstd).reshape(-1, C)
    parts = [chunk(len(slopes), p, chunks) for p in range(chunks)]
    return np.stack([np.stack([(slopes[p] * normalised[p]).sum(axis=0), slopes[p].sum(axis=0)]) for p in parts])


def reference_input(x: Array, dy: Array, mean: Array, rest: Array, rstd: Array, weight: Array) -> Array:
    normalised, slope = _hat(x, mean, rest, rstd), dy * weight
    along = (slope * normalised).mean(axis=-1, keepdims=True)
    return np.asarray(rstd[..., None] * (slope - slope.mean(axis=-1, keepdims=True) - normalised * along))


def _element(at: tuple[int, ...], x: Named, weight: Named, bias: Named, eps: Named) -> Term:
    *n, c = at
    row = [x[(*n, k)] for k in range(x.shape[-1])]
    spread = np.var([term.value for term in row])
    mean = mean_of(row)
    rstd = Named("rstd", np.array([1 / np.sqrt(spread + float(eps.array[0]))]))[0]
    return (x[at] - mean) * rstd * weight[c] + bias[c]


def _element_parameters(
    at: tuple[int, ...], x: Named, dy: Named, mean: Named, rest: Named, rstd: Named, chunks: int
) -> Term:
    p, place = at
    c, C = place % x.shape[-1], x.shape[-1]
    inputs, slopes = flattened(x), flattened(dy)
    centres, lost, scales = (Named(one.name, one.array.reshape(-1)) for one in (mean, rest, rstd))
    rows = range(inputs.shape[0])[chunk(inputs.shape[0], p, chunks)]
    if place >= C:
        return total(slopes[r, c] for r in rows)
    return total(slopes[r, c] * (inputs[r, c] - centres[r] - lost[r]) * scales[r] for r in rows)


def _element_input(
    at: tuple[int, ...], x: Named, dy: Named, mean: Named, rest: Named, rstd: Named, weight: Named
) -> Term:
    *n, c = at
    C, row = x.shape[-1], tuple(n)
    slopes = [dy[(*n, k)] * weight[k] for k in range(C)]
    along = mean_of([slope * (x[(*n, k)] - mean[row] - rest[row]) * rstd[row] for k, slope in enumerate(slopes)])
    return rstd[row] * (slopes[c] - mean_of(slopes) - (x[at] - mean[row] - rest[row]) * rstd[row] * along)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = (x − mean − rest)·rstd·weight + bias, rstd = 1 / √(variance + eps).

    x, y (R, C), mean, rest, rstd (R), weight, bias (C).
    """
    x, weight, bias = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    eps, y = pointer(row, memory, 3)[0], pointer(row, memory, 4)
    mean, rest, rstd = pointer(row, memory, 5), pointer(row, memory, 6), pointer(row, memory, 7)
    R, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, R)
    for r in range(start, stop):
        X, Y = shifted(x, r * C), shifted(y, r * C)
        base = X[0]
        for c in range(C):
            Y[c] = X[c] - base
        distance = lane_sum(Y, C) / DTYPE(C)
        for c in range(C):
            Y[c] -= distance
        scale = 1.0 / math.sqrt(lane_dot(Y, Y, C) / DTYPE(C) + eps)
        for c in range(C):
            Y[c] = multiply_add(Y[c] * scale, weight[c], bias[c])
        mean[r], rest[r] = rounded_mean(base, distance)
        rstd[r] = scale


@kernel
def backward_parameters(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x̂·weight + bias, so sums (P, 2·C) = Σ dy·x̂, then Σ dy, of P chunks of the rows; x, dy (R, C).

    x̂ = (x − mean − rest)·rstd, with mean, rest, rstd (R).
    """
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd, out = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    R, C = rows_of(row, memory, 0).shape
    P = dimension(row, 5, 0)
    first, end = share(row, part, P)
    for p in range(first, end):
        along, plain = shifted(out, 2 * p * C), shifted(out, (2 * p + 1) * C)
        for c in range(C):
            along[c] = 0.0
            plain[c] = 0.0
        for r in range(R * p // P, R * (p + 1) // P):
            X, dY, m, q, s = shifted(x, r * C), shifted(dy, r * C), mean[r], rest[r], rstd[r]
            for c in range(C):
                along[c] = multiply_add(dY[c], ((X[c] - m) - q) * s, along[c])
            for c in range(C):
                plain[c] += dY[c]


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = rstd·(g − mean g − x̂·mean (g·x̂)), where g = dy·weight; x, dy, dx (R, C).

    x̂ = (x − mean − rest)·rstd. x moves y = x̂·weight + bias in three ways: directly (term 1), through the mean of its
    row (term 2), and through the deviation (term 3).
    """
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd, weight = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    dx = pointer(row, memory, 6)
    weighted = scratch(BLOCK)
    R, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, R)
    for r in range(start, stop):
        X, dY, dX = shifted(x, r * C), shifted(dy, r * C), shifted(dx, r * C)
        m, q, s = mean[r], rest[r], rstd[r]
        plain, along = 0.0 * m, 0.0 * m
        for first in range(0, C, BLOCK):
            width = min(BLOCK, C - first)
            for c in range(width):
                weighted[c] = weight[first + c] * ((X[first + c] - m) - q)
            plain += lane_dot(shifted(dY, first), shifted(weight, first), width)
            along += lane_dot(shifted(dY, first), weighted, width)
        plain, along = plain / DTYPE(C), along * s * s / DTYPE(C)
        # s·(term 1: dy·weight − term 2: plain − term 3: (x − mean − rest)·along)
        if adds(row, 6):
            for c in range(C):
                dX[c] += s * (dY[c] * weight[c] - plain - ((X[c] - m) - q) * along)
        else:
            for c in range(C):
                dX[c] = s * (dY[c] * weight[c] - plain - ((X[c] - m) - q) * along)
