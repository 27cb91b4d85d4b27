"""BatchNorm: every channel gets mean 0 and deviation 1 over the batch, then a learned scale and shift.

Ioffe and Szegedy: Batch normalization (2015). In evaluation, running statistics stand in for those of the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag, number
from nnplay.kernels.cuda import normalise as cuda
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.normalise import batch as kernels
from nnplay.operations.kept_statistics import KEPT_BACK
from nnplay.operations.normalise import (
    affine_field,
    bias_field,
    distance,
    learned,
    mean_of,
    normalised_element,
    root,
    rounded,
    rows_of,
    without_unused,
)
from nnplay.operations.partial_sums import ADD_PARTIAL_SUMS, CHUNKS, chunk, sum_of
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


BATCH_NORM = LayerRecord(
    name="batch_norm",
    title="BatchNorm",
    family="normalisation",
    about="Gives each channel mean 0 and standard deviation 1 over the batch, so deep networks train faster.",
    when="In deep networks with batches of 16 or more, between a layer and its activation.",
    torch="BatchNorm1d, 2d or 3d by the rank of the input (channels first)",
    twin=Twin(
        "nn.BatchNorm{axes}d",
        lambda values, shape: _arguments(values, shape),
        channels_first=True,
    ),
    fields=(
        number("eps", 1e-5, "added to the variance, for constant channels", low=1e-12, live=True),
        number("momentum", 0.1, "weight of each batch in the running statistics", low=0.0, high=1.0, live=True),
        affine_field(),
        bias_field(),
        flag("cumulative", False, "running statistics are the mean of all batches alike, whatever the momentum"),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (5,)),
        Case({"momentum": 0.5}, (3, 4, 2)),
        Case({"eps": 0.1}, (6, 1)),
        Case({}, (7, 5, 17)),
        Case({}, (2, 130)),
        Case({"affine": False}, (3, 4)),
        Case({"bias": False}, (3, 4)),
        Case({"cumulative": True}, (3, 17)),
    ),
    refused=(
        Refused({"eps": 0}, (5,), "≥ 1e-12"),
        Refused({"momentum": 2}, (5,), "≤ 1"),
    ),
)


def _arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
    """PyTorch's arguments: a mean over all batches is a momentum of None there."""
    given = {name: value for name, value in without_unused(values).items() if name != "cumulative"}
    return {"num_features": shape[-1], **given, **({"momentum": None} if values["cumulative"] else {})}


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C) with weight, bias (C); the batch and all axes before the last are rows."""
    C, numbers = shape[-1], prod(shape)
    chunks = {"chunks": CHUNKS}
    running = Use(NORMALISE, cost=4 * numbers, names={"mean": "running_mean"})
    alike = values["cumulative"]
    counted = (Use(COUNT),) if alike else ()
    statistics = Use(STATISTICS, names={"momentum": "share"}) if alike else Use(STATISTICS)
    planned = Plan(
        output=shape,
        parameters={"weight": Parameter((C,), "ones"), "bias": Parameter((C,))},
        buffers={
            "running_mean": ((C,), 0.0),
            "running_var": ((C,), 1.0),
            **({"batches": ((1,), 0.0)} if alike else {}),
        },
        saved={"mean": (C,), "rest": (C,), "rstd": (C,), **({"share": (1,)} if alike else {})},
        scratch={"moments": (CHUNKS, 4, C), "sums": (CHUNKS, 2 * C), "totals": (2 * C,)},
        forward=(*counted, Use(MOMENTS, chunks, 4 * numbers), statistics, Use(NORMALISE, cost=4 * numbers)),
        evaluate=(Use(RUNNING), running),
        evaluate_backward=(Use(KEPT_BACK, cost=numbers),),
        backward=(
            Use(SUMS, chunks, 4 * numbers),
            Use(ADD_PARTIAL_SUMS, sum_of((2 * C,)), names={"partial_sums": "sums", "y": "totals"}),
            Use(ADD_PARTIAL_SUMS, sum_of((C,)), names={"partial_sums": "sums", "y": "dweight"}),
            Use(ADD_PARTIAL_SUMS, sum_of((C,), C), names={"partial_sums": "sums", "y": "dbias"}),
            Use(INPUT, cost=4 * numbers),
        ),
        multiply_adds=numbers,
        fewest_rows=2 if numbers == C else 1,
    )
    return learned(planned, values)


def moments(x: Array, chunks: int) -> Array:
    rows = x.reshape(-1, x.shape[-1])
    result = np.zeros((chunks, 4, x.shape[-1]), x.dtype)
    for p in range(chunks):
        part = rows[chunk(len(rows), p, chunks)].astype(np.float64)
        if len(part):
            mean, rest = rounded(part.mean(axis=0), x.dtype)
            result[p] = np.full(x.shape[-1], len(part)), mean, rest, part.var(axis=0) * len(part)
    return result


def statistics(
    moments: Array, eps: Array, momentum: Array, running_mean: Array, running_var: Array
) -> tuple[Array, Array, Array, Array, Array]:
    counts, spreads = moments[:, 0].astype(np.float64), moments[:, 3].astype(np.float64)
    means, count = moments[:, 1].astype(np.float64) + moments[:, 2], counts.sum(axis=0)
    mean = (counts * means).sum(axis=0) / count
    spread = (spreads + counts * (means - mean) ** 2).sum(axis=0)
    unbiased = spread / np.maximum(count - 1, 1)
    return (
        *rounded(mean, moments.dtype),
        1 / np.sqrt(spread / count + eps),
        (1 - momentum) * running_mean + momentum * mean,
        (1 - momentum) * running_var + momentum * unbiased,
    )


def normalised(x: Array, mean: Array, rest: Array, rstd: Array, weight: Array, bias: Array) -> Array:
    return distance(x, mean, rest) * rstd * weight + bias


def sums(x: Array, dy: Array, mean: Array, rest: Array, rstd: Array, chunks: int) -> Array:
    C = x.shape[-1]
    rows, slopes = (distance(x, mean, rest) * rstd).reshape(-1, C), dy.reshape(-1, C)
    parts = [chunk(len(rows), p, chunks) for p in range(chunks)]
    return np.stack([np.stack([(slopes[p] * rows[p]).sum(axis=0), slopes[p].sum(axis=0)]) for p in parts])


def input_gradient(x: Array, dy: Array, mean: Array, rest: Array, rstd: Array, weight: Array, totals: Array) -> Array:
    along, plain = np.split(totals, 2)
    count = x.size // x.shape[-1]
    return np.asarray(weight * rstd * (dy - plain / count - distance(x, mean, rest) * rstd * along / count))


def _moments_element(at: tuple[int, ...], x: Named, chunks: int) -> Term:
    p, kind, c = at
    rows = rows_of(x)
    part = range(rows.shape[0])[chunk(rows.shape[0], p, chunks)]
    if kind == 0 or not part:
        return total([1.0 * Term(1.0, "1", "1") for _ in part])
    mean = mean_of([rows[r, c] for r in part])
    if kind == 1:
        return mean
    if kind == 2:
        return total((rows[r, c] - mean.value) for r in part) / len(part)
    return total((rows[r, c] - mean.value) ** 2 for r in part)


def _statistics_element(at: tuple[int, ...], moments: Named, *more: Named) -> Term:
    (c,) = at
    chunks = range(moments.shape[0])
    count = total(moments[p, 0, c] for p in chunks)
    return total(moments[p, 0, c] * (moments[p, 1, c] + moments[p, 2, c]) for p in chunks) / count


def _normalised_element(
    at: tuple[int, ...], x: Named, mean: Named, rest: Named, rstd: Named, weight: Named, bias: Named
) -> Term:
    c = at[-1]
    return normalised_element(x[at], mean[c], rest[c], rstd[c], weight[c], bias[c])


def _sums_element(at: tuple[int, ...], x: Named, dy: Named, mean: Named, rest: Named, rstd: Named, chunks: int) -> Term:
    p, place = at
    c, C = place % x.shape[-1], x.shape[-1]
    inputs, slopes = rows_of(x), rows_of(dy)
    part = range(inputs.shape[0])[chunk(inputs.shape[0], p, chunks)]
    if place >= C:
        return total(slopes[r, c] for r in part)
    return total(slopes[r, c] * (inputs[r, c] - mean[c] - rest[c]) * rstd[c] for r in part)


def _input_element(
    at: tuple[int, ...], x: Named, dy: Named, mean: Named, rest: Named, rstd: Named, weight: Named, totals: Named
) -> Term:
    c, C = at[-1], x.shape[-1]
    count = x.array.size // C
    direct = dy[at] - totals[C + c] / count - (x[at] - mean[c] - rest[c]) * rstd[c] * totals[c] / count
    return weight[c] * rstd[c] * direct


MOMENTS = Operation(
    name="partial sums",
    kernel=kernels.batch_moments,
    cuda=(CudaRow(cuda.moments_partial, cuda.moment_parts), CudaRow(cuda.moments_join)),
    reads=("x",),
    writes=("moments",),
    reference=moments,
    formula="moments[p] = count, mean x, its rest, Σ (x - mean)² of the rows of chunk p",
    words="Measures each channel over the whole batch: its mean and its spread.",
    element=_moments_element,
    integers=("chunks",),
    torch="torch.var_mean",
)
COUNT = Operation(
    name="count of batches",
    kernel=kernels.batch_count,
    cuda=(CudaRow(kernels.batch_count, once),),
    reads=("batches",),
    writes=("batches", "share"),
    reference=lambda batches: (batches + 1, 1 / (batches + 1)),
    formula="batches = batches + 1; share = 1 / batches",
    words="Every batch counts alike in the running statistics: the tenth by one tenth.",
    element=lambda at, batches: batches[0] + 1,
    torch="num_batches_tracked, with momentum=None",
)
STATISTICS = Operation(
    name="mean and 1 / standard deviation",
    kernel=kernels.batch_statistics,
    cuda=(CudaRow(cuda.statistics),),
    reads=("moments", "eps", "momentum", "running_mean", "running_var"),
    writes=("mean", "rest", "rstd", "running_mean", "running_var"),
    reference=statistics,
    formula="mean + rest = Σ x / count; rstd = 1 / √(Σ (x - mean)² / count + eps); "
    "running = (1 - momentum)·running + momentum·batch",
    words="Combines the chunks, and moves the running statistics, used in evaluation, towards those of the batch; "
    "rest is what rounding takes from the mean.",
    element=_statistics_element,
    torch="torch.var_mean",
)
NORMALISE = Operation(
    name="normalise",
    kernel=kernels.batch_normalise,
    cuda=(NumberRow(cuda.normalise),),
    reads=("x", "mean", "rest", "rstd", "weight", "bias"),
    writes=("y",),
    reference=normalised,
    formula="y[…,c] = (x[…,c] - mean[c] - rest[c])·rstd[c]·weight[c] + bias[c]",
    words="Gives every channel the same range, whatever the earlier layers do; weight and bias can undo that.",
    element=_normalised_element,
    torch="torch.nn.functional.batch_norm",
)
RUNNING = Operation(
    name="1 / running standard deviation",
    kernel=kernels.running_rstd,
    cuda=(CudaRow(cuda.running_rstd),),
    reads=("running_var", "eps"),
    writes=("rstd", "rest"),
    reference=lambda running_var, eps: (1 / np.sqrt(running_var + eps), np.zeros_like(running_var)),
    formula="rstd = 1 / √(running_var + eps); rest = 0",
    words="In evaluation a row must not depend on the rest of its batch, so the running statistics are used.",
    element=lambda at, running_var, eps: root(running_var[at] + eps[0]),
    torch="torch.rsqrt",
)
SUMS = Operation(
    name="gradients of weight and bias, partial sums",
    kernel=kernels.batch_sums,
    cuda=(CudaRow(cuda.sums_partial, cuda.sum_parts), CudaRow(cuda.sums_join)),
    reads=("x", "dy", "mean", "rest", "rstd"),
    writes=("sums",),
    reference=sums,
    formula="sums[p] = Σ dy·(x - mean - rest)·rstd, Σ dy of the rows of chunk p",
    words="The scale is to blame where a normalised input was large, the shift everywhere equally.",
    element=_sums_element,
    integers=("chunks",),
    torch="autograd",
)
INPUT = Operation(
    name="gradient of x",
    kernel=kernels.batch_input,
    cuda=(NumberRow(cuda.input_gradient, gathers=True),),
    reads=("x", "dy", "mean", "rest", "rstd", "weight", "totals"),
    writes=("dx",),
    reference=input_gradient,
    formula="dx = weight·rstd·(dy - Σ dy / count - x̂·Σ (dy·x̂) / count), where x̂ = (x - mean - rest)·rstd",
    words="Changing one value also changes the mean and deviation of the whole batch; the two sums account for that.",
    element=_input_element,
    torch="autograd",
)
