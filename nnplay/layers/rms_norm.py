"""RMSNorm: the numbers of each place are divided by their root mean square, then get a learned scale.

Zhang and Sennrich: Root mean square layer normalization (2019). LayerNorm without taking off the mean, and no shift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.arithmetic import lane_dot, multiply_add, scratch
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda import normalise as cuda
from nnplay.kernels.operands import adds, dimension, pointer, rows_of, share, shifted
from nnplay.operations.normalise import affine_field, learned, mean_of
from nnplay.operations.normalise import rows_of as flattened
from nnplay.operations.partial_sums import ADD_PARTIAL_SUMS, CHUNKS, chunk, sum_of
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]
#: Numbers of a place that are weighted at once.
BLOCK: Final = 256


RMS_NORM = LayerRecord(
    name="rms_norm",
    title="RMSNorm",
    family="normalisation",
    about="Divides the features at each position by their root mean square, as most language models do today.",
    when="In transformers instead of layer_norm: it is simpler and as good.",
    torch="RMSNorm",
    traits=Traits(each_step=True),
    twin=Twin(
        "nn.RMSNorm",
        lambda values, shape: {
            "normalized_shape": shape[-1:],
            "eps": values["eps"],
            "elementwise_affine": values["affine"],
        },
    ),
    fields=(
        number(
            "eps",
            1e-6,
            "added to the mean square, for rows of zeros; PyTorch's default is 1.2e-07 in 32 bits",
            low=1e-12,
            live=True,
        ),
        affine_field("learn a scale for each channel"),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (5,)),
        Case({"eps": 0.1}, (3, 4, 2)),
        Case({}, (7, 33)),
        Case({"affine": False}, (3, 4)),
        Case({"eps": 0.5}, (300,)),
    ),
    refused=(Refused({"eps": 0}, (5,), "≥ 1e-12"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C) with weight (C); every place on the axes between is divided by its own root mean square."""
    C, cost = shape[-1], 6 * prod(shape)
    planned = Plan(
        output=shape,
        parameters={"weight": Parameter((C,), "ones")},
        saved={"rrms": ("N", *shape[:-1])},
        scratch={"sums": (CHUNKS, C)},
        forward=(Use(_forward_operation(), cost=cost),),
        backward=(
            Use(_weight_operation(), {"chunks": CHUNKS}, cost),
            Use(ADD_PARTIAL_SUMS, sum_of((C,)), names={"partial_sums": "sums", "y": "dweight"}),
            Use(_input_operation(), cost=cost),
        ),
        multiply_adds=prod(shape),
    )
    return learned(planned, values)


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="divide by the root mean square",
        kernel=forward,
        cuda=(CudaRow(forward),),
        reads=("x", "weight", "eps"),
        writes=("y", "rrms"),
        reference=reference,
        formula="y[n,c] = x[n,c]·rrms[n]·weight[c], where rrms = 1 / √(mean x² + eps)",
        words="Gives the features at each position the same size, whatever came before; their mean stays where it is.",
        element=_element,
        torch="torch.nn.functional.rms_norm",
    )


@cache
def _weight_operation() -> Operation:
    return Operation(
        name="gradient of weight, partial sums",
        kernel=backward_weight,
        cuda=(CudaRow(cuda.square_sums_partial, cuda.square_sum_parts), CudaRow(cuda.square_sums_join)),
        reads=("x", "dy", "rrms"),
        writes=("sums",),
        reference=reference_weight,
        formula="sums[p] = Σ dy·x·rrms of the rows of chunk p",
        words="The scale is to blame where a normalised input was large.",
        element=_element_weight,
        integers=("chunks",),
        torch="autograd",
    )


@cache
def _input_operation() -> Operation:
    return Operation(
        name="gradient of x",
        kernel=backward_input,
        cuda=(CudaRow(cuda.square_input_gradient),),
        reads=("x", "dy", "rrms", "weight"),
        writes=("dx",),
        reference=reference_input,
        formula="dx = rrms·(g - x̂·mean (g·x̂)), where g = dy·weight, x̂ = x·rrms",
        words="Changing one value also changes the root mean square at its position; the mean accounts for that.",
        element=_element_input,
        torch="autograd",
    )


def reference(x: Array, weight: Array, eps: Array) -> tuple[Array, Array]:
    rrms = 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    return x * rrms * weight, rrms


def reference_weight(x: Array, dy: Array, rrms: Array, chunks: int) -> Array:
    products = (dy * x * rrms[..., None]).reshape(-1, x.shape[-1])
    return np.stack([products[chunk(len(products), p, chunks)].sum(axis=0) for p in range(chunks)])


def reference_input(x: Array, dy: Array, rrms: Array, weight: Array) -> Array:
    scale, slope = rrms[..., None], dy * weight
    hat = x * scale
    return np.asarray(scale * (slope - hat * (slope * hat).mean(axis=-1, keepdims=True)))


def _element(at: tuple[int, ...], x: Named, weight: Named, eps: Named) -> Term:
    *n, c = at
    square = float(np.mean([x[(*n, k)].value ** 2 for k in range(x.shape[-1])]))
    rrms = Named("rrms", np.array([1 / np.sqrt(square + float(eps.array[0]))]))[0]
    return x[at] * rrms * weight[c]


def _element_weight(at: tuple[int, ...], x: Named, dy: Named, rrms: Named, chunks: int) -> Term:
    p, c = at
    inputs, slopes, scales = flattened(x), flattened(dy), Named(rrms.name, rrms.array.reshape(-1))
    return total(
        slopes[r, c] * inputs[r, c] * scales[r] for r in range(inputs.shape[0])[chunk(inputs.shape[0], p, chunks)]
    )


def _element_input(at: tuple[int, ...], x: Named, dy: Named, rrms: Named, weight: Named) -> Term:
    *n, c = at
    row = tuple(n)
    along = mean_of([dy[(*n, k)] * weight[k] * x[(*n, k)] * rrms[row] for k in range(x.shape[-1])])
    return rrms[row] * (dy[at] * weight[c] - x[at] * rrms[row] * along)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·rrms·weight, rrms = 1 / √(mean x² + eps); x, y (R, C), rrms (R), weight (C)."""
    x, weight, eps = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)[0]
    y, rrms = pointer(row, memory, 3), pointer(row, memory, 4)
    R, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, R)
    for r in range(start, stop):
        X, Y = shifted(x, r * C), shifted(y, r * C)
        scale = 1.0 / math.sqrt(lane_dot(X, X, C) / DTYPE(C) + eps)
        for c in range(C):
            Y[c] = X[c] * scale * weight[c]
        rrms[r] = scale


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·rrms·weight, so sums (P, C) = Σ dy·x·rrms of P chunks of the rows; x, dy (R, C), rrms (R)."""
    x, dy = pointer(row, memory, 0), pointer(row, memory, 1)
    rrms, out = pointer(row, memory, 2), pointer(row, memory, 3)
    R, C = rows_of(row, memory, 0).shape
    P = dimension(row, 3, 0)
    first, end = share(row, part, P)
    for p in range(first, end):
        along = shifted(out, p * C)
        for c in range(C):
            along[c] = 0.0
        for r in range(R * p // P, R * (p + 1) // P):
            X, dY, s = shifted(x, r * C), shifted(dy, r * C), rrms[r]
            for c in range(C):
                along[c] = multiply_add(dY[c], X[c] * s, along[c])


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = rrms·(g − x̂·mean (g·x̂)), where g = dy·weight, x̂ = x·rrms; x, dy, dx (R, C), rrms (R).

    x moves y = x·rrms·weight in two ways: directly (term 1), and through the root mean square (term 2).
    """
    x, dy, rrms = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    weight, dx = pointer(row, memory, 3), pointer(row, memory, 4)
    weighted = scratch(BLOCK)
    R, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, R)
    for r in range(start, stop):
        X, dY, dX, s = shifted(x, r * C), shifted(dy, r * C), shifted(dx, r * C), rrms[r]
        along = 0.0 * s
        for first in range(0, C, BLOCK):
            width = min(BLOCK, C - first)
            for c in range(width):
                weighted[c] = weight[first + c] * X[first + c]
            along += lane_dot(shifted(dY, first), weighted, width)
        along = along * s * s / DTYPE(C)
        # s·(term 1: dy·weight − term 2: x·along)
        if adds(row, 4):
            for c in range(C):
                dX[c] += s * (dY[c] * weight[c] - X[c] * along)
        else:
            for c in range(C):
                dX[c] = s * (dY[c] * weight[c] - X[c] * along)
