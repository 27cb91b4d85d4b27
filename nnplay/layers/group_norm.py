"""GroupNorm: groups of channels of each example get mean 0 and deviation 1, then a learned scale and shift.

Wu and He: Group normalization (2018). Nothing depends on the other rows of the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import integer, number
from nnplay.kernels.cuda import groups as cuda
from nnplay.kernels.normalise import groups as kernels
from nnplay.operations.normalise import (
    affine_field,
    bias_field,
    distance,
    learned,
    mean_of,
    normalised_element,
    rounded,
    without_unused,
)
from nnplay.operations.partial_sums import ADD_PARTIAL_SUMS, sum_of
from nnplay.operations.window_geometry import nearest_numbers
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, total
from nnplay.text import counted

Array = NDArray[Any]


GROUP_NORM = LayerRecord(
    name="group_norm",
    title="GroupNorm",
    family="normalisation",
    about="Gives groups of channels of each example mean 0 and standard deviation 1; works for any batch size.",
    when="Instead of batch_norm when batches are small.",
    torch="GroupNorm",
    twin=Twin(
        "nn.GroupNorm",
        lambda values, shape: {
            "num_groups": values["groups"],
            "num_channels": shape[-1],
            "eps": values["eps"],
            **without_unused({name: values[name] for name in ("affine", "bias")}),
        },
        channels_first=True,
    ),
    fields=(
        integer("groups", 2, "number of channel groups", short="g"),
        number("eps", 1e-5, "added to the variance, for constant groups", low=1e-12, live=True),
        affine_field(),
        bias_field(),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (6,)),
        Case({"groups": 1}, (3, 4, 2)),
        Case({"groups": 3}, (5, 6)),
        Case({"groups": 2, "eps": 0.1}, (3, 3, 34)),
        Case({"groups": 2}, (2, 132)),
        Case({"groups": 17}, (3, 3, 17)),
        Case({"affine": False}, (3, 4)),
        Case({"bias": False}, (3, 4)),
    ),
    refused=(
        Refused({"groups": 4}, (10,), "10 channels cannot be split into 4 equal groups; try 1, 2, 5 or 10"),
        Refused({"groups": 0}, (10,), "≥ 1"),
        Refused({"groups": 10}, (10,), "one value per group"),
        Refused({"eps": 0}, (10,), "≥ 1e-12"),
    ),
)


def plan_groups(groups: int, shape: Shape, values: Mapping[str, Any]) -> Plan:
    """(N, …, C) → (N, …, C) with weight, bias (C), normalised in `groups` groups of channels of each example.

    The fields `affine` and `bias` say which of the parameters there are.

    Raises:
        InputError: every group has a single number, of which nothing would be left.
    """
    if prod(shape) == groups:
        what = f"its input, {shape_text(shape)}, has one value per group, which normalising turns into 0"
        raise InputError(what, hint="use batch_norm")
    C, cost, given = shape[-1], 8 * prod(shape), {"G": groups}
    planned = Plan(
        output=shape,
        parameters={"weight": Parameter((C,), "ones"), "bias": Parameter((C,))},
        saved={"mean": ("N", C), "rest": ("N", C), "rstd": ("N", C)},
        scratch={"sums": ("N", 2 * C)},
        forward=(Use(STATISTICS, given, cost), Use(NORMALISE, cost=cost)),
        backward=(
            Use(SUMS, cost=cost),
            Use(ADD_PARTIAL_SUMS, sum_of((C,)), names={"partial_sums": "sums", "y": "dweight"}),
            Use(ADD_PARTIAL_SUMS, sum_of((C,), C), names={"partial_sums": "sums", "y": "dbias"}),
            Use(INPUT, given, cost),
        ),
        multiply_adds=prod(shape),
    )
    return learned(planned, values)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C) with weight, bias (C); all axes between are places.

    Raises:
        InputError: the groups don't divide the channels, or each is a single number.
    """
    groups, channels = values["groups"], shape[-1]
    if channels % groups:
        legal = nearest_numbers(groups, (g for g in range(1, channels + 1) if channels % g == 0), 4)
        raise InputError(
            f"{counted(channels, 'channel')} cannot be split into {groups} equal groups", hint=f"try {legal}"
        )
    return plan_groups(groups, shape, values)


def _grouped(x: Array, G: int) -> Array:
    """(N, places, groups, channels of a group)."""
    return x.reshape(len(x), -1, G, x.shape[-1] // G)


def statistics(x: Array, eps: Array, G: int) -> tuple[Array, Array, Array]:
    grouped = _grouped(x.astype(np.float64), G)
    mean, variance = grouped.mean(axis=(1, 3)), grouped.var(axis=(1, 3))
    width = x.shape[-1] // G
    mean, rstd = (np.repeat(one, width, axis=-1) for one in (mean, 1 / np.sqrt(variance + eps)))
    return *rounded(mean, x.dtype), rstd


def _spread_out(statistic: Array, x: Array) -> Array:
    """(N, C) shaped to be combined with x (N, …, C)."""
    return statistic.reshape(len(x), *(1,) * (x.ndim - 2), x.shape[-1])


def _hat(x: Array, mean: Array, rest: Array, rstd: Array) -> Array:
    """x̂ = (x - mean - rest)·rstd."""
    return distance(x, _spread_out(mean, x), _spread_out(rest, x)) * _spread_out(rstd, x)


def normalised(x: Array, mean: Array, rest: Array, rstd: Array, weight: Array, bias: Array) -> Array:
    return np.asarray(_hat(x, mean, rest, rstd) * weight + bias)


def sums(x: Array, dy: Array, mean: Array, rest: Array, rstd: Array) -> Array:
    hat = _hat(x, mean, rest, rstd)
    slopes = dy.reshape(len(x), -1, x.shape[-1])
    return np.concatenate([(slopes * hat.reshape(slopes.shape)).sum(axis=1), slopes.sum(axis=1)], axis=1)


def input_gradient(
    x: Array, dy: Array, mean: Array, rest: Array, rstd: Array, weight: Array, sums: Array, G: int
) -> Array:
    along, plain = (_grouped(part * weight, G).sum(axis=(1, 3)) for part in np.split(sums, 2, axis=1))
    count, width = x[0].size // G, x.shape[-1] // G
    along, plain = (_spread_out(np.repeat(part / count, width, axis=-1), x) for part in (along, plain))
    hat = _hat(x, mean, rest, rstd)
    return np.asarray(_spread_out(rstd, x) * (dy * weight - plain - hat * along))


def _members(x: Named, n: int, c: int, G: int) -> list[tuple[int, ...]]:
    """Every place of the group that a channel belongs to."""
    width = x.shape[-1] // G
    first = c // width * width
    return [(n, *place, first + k) for *place, k in np.ndindex(*x.shape[1:-1], width)]


def _statistics_element(at: tuple[int, ...], x: Named, eps: Named, G: int) -> Term:
    n, c = at
    return mean_of([x[place] for place in _members(x, n, c, G)])


def _normalised_element(
    at: tuple[int, ...], x: Named, mean: Named, rest: Named, rstd: Named, weight: Named, bias: Named
) -> Term:
    n, c = at[0], at[-1]
    return normalised_element(x[at], mean[n, c], rest[n, c], rstd[n, c], weight[c], bias[c])


def _sums_element(at: tuple[int, ...], x: Named, dy: Named, mean: Named, rest: Named, rstd: Named) -> Term:
    n, place = at
    c, C = place % x.shape[-1], x.shape[-1]
    places = [(n, *inner, c) for inner in np.ndindex(*x.shape[1:-1])]
    if place >= C:
        return total(dy[one] for one in places)
    return total(dy[one] * (x[one] - mean[n, c] - rest[n, c]) * rstd[n, c] for one in places)


def _input_element(
    at: tuple[int, ...], x: Named, dy: Named, mean: Named, rest: Named, rstd: Named, weight: Named, sums: Named, G: int
) -> Term:
    n, c, C = at[0], at[-1], x.shape[-1]
    width = C // G
    group = range(c // width * width, c // width * width + width)
    count = x.array[0].size // G
    along = total(weight[k] * sums[n, k] for k in group) / count
    plain = total(weight[k] * sums[n, C + k] for k in group) / count
    hat = (x[at] - mean[n, c] - rest[n, c]) * rstd[n, c]
    slope: Term = rstd[n, c] * (dy[at] * weight[c] - plain - hat * along)
    return slope


STATISTICS = Operation(
    name="mean and 1 / standard deviation of each group",
    kernel=kernels.group_statistics,
    cuda=(CudaRow(cuda.moments_partial, cuda.moment_parts), CudaRow(cuda.statistics)),
    reads=("x", "eps"),
    writes=("mean", "rest", "rstd"),
    reference=statistics,
    formula="mean + rest, rstd[n,c] = mean, 1 / √(variance + eps) of x[n,…] over the group that c is in",
    words="Measures each example by itself: the mean and the spread of each group of channels; rest is what rounding "
    "takes from the mean.",
    element=_statistics_element,
    integers=("G",),
    torch="torch.var_mean",
)
NORMALISE = Operation(
    name="normalise each group",
    kernel=kernels.group_normalise,
    cuda=(NumberRow(cuda.normalise),),
    reads=("x", "mean", "rest", "rstd", "weight", "bias"),
    writes=("y",),
    reference=normalised,
    formula="y[n,…,c] = (x[n,…,c] - mean[n,c] - rest[n,c])·rstd[n,c]·weight[c] + bias[c]",
    words="Gives every group the same range, whatever the earlier layers do; weight and bias can undo that.",
    element=_normalised_element,
    torch="torch.nn.functional.group_norm (channels first)",
)
SUMS = Operation(
    name="gradients of weight and bias, by example",
    kernel=kernels.group_sums,
    cuda=(CudaRow(cuda.sums),),
    reads=("x", "dy", "mean", "rest", "rstd"),
    writes=("sums",),
    reference=sums,
    formula="sums[n] = Σ dy·(x - mean - rest)·rstd, Σ dy over the positions of example n",
    words="The scale is to blame where a normalised input was large, the shift everywhere equally.",
    element=_sums_element,
    torch="autograd",
)
INPUT = Operation(
    name="gradient of x",
    kernel=kernels.group_input,
    cuda=(CudaRow(cuda.totals_partial, cuda.total_parts), CudaRow(cuda.input_gradient)),
    reads=("x", "dy", "mean", "rest", "rstd", "weight", "sums"),
    writes=("dx",),
    reference=input_gradient,
    formula="dx = rstd·(g - mean g - x̂·mean (g·x̂)) over the group, where g = dy·weight, x̂ = (x - mean - rest)·rstd",
    words="Changing one value also changes the mean and deviation of its group; the two means account for that.",
    element=_input_element,
    integers=("G",),
    torch="autograd",
)
