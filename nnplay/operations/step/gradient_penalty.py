"""The rows of a gradient penalty: how steep an answer is at its input, and what that costs.

Gulrajani and others: Improved training of Wasserstein GANs (2017), at points between real and made rows; Mescheder and
others: Which training methods for GANs do actually converge? (2018), at the real rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP, ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.partial import fold, folds, once, parts, room, whole
from nnplay.kernels.operands import flat, integer, pointer, size
from nnplay.kernels.random import uniform
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, apply, scalar, total

Array = NDArray[Any]


@kernel
def mix(row: Any, clock: Any, memory: Any, part: int) -> None:
    """between[n] = u·real[n] + (1 − u)·made[n] for one uniform u a row; all (N, …)."""
    real, made, between = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    seed, step, stream, width = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0), integer(row, 1)
    rows = between.size // width
    for n in range(rows):
        u = uniform(seed, stream, step, n)
        for i in range(n * width, (n + 1) * width):
            between[i] = u * real[i] + (1.0 - u) * made[i]


@kernel
def begin(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dprediction = 1, the slope of the sum of all answers at each of them; (N, 1)."""
    slope = flat(row, memory, 0)
    for i in range(slope.size):
        slope[i] = 1.0


@kernel
def measure(row: Any, clock: Any, memory: Any, part: int) -> None:
    """length[n] = √ Σᵢ slope[n,i]², for slope (N, …), length (N)."""
    slope, length = flat(row, memory, 0), flat(row, memory, 1)
    width = integer(row, 0)
    for n in range(length.size):
        squares = 0.0
        for i in range(n * width, (n + 1) * width):
            squares += slope[i] * slope[i]
        length[n] = math.sqrt(squares)


@kernel
def penalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss (1,) = 1/N · Σ (length − wanted)², for length (N), wanted (1,)."""
    length, wanted, loss = flat(row, memory, 0), flat(row, memory, 1)[0], flat(row, memory, 2)
    squares = 0.0
    for n in range(length.size):
        squares += (length[n] - wanted) * (length[n] - wanted)
    loss[0] = squares / length.size


@kernel
def pull(row: Any, clock: Any, memory: Any, part: int) -> None:
    """change[n] = factor · 2/N · (length[n] − wanted) · slope[n] / length[n], for slope and change (N, …)."""
    slope, length, wanted = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)[0]
    factor, change = flat(row, memory, 3)[0], flat(row, memory, 4)
    width = integer(row, 0)
    share = 2.0 * factor / length.size
    for n in range(length.size):
        scale = share * (length[n] - wanted) / length[n] if length[n] > 0.0 else 0.0
        for i in range(n * width, (n + 1) * width):
            change[i] = scale * slope[i]


@kernel
def mix_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `mix`: every parts-th number of between (N, …)."""
    real, made, between = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    seed, step, stream, width = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0), integer(row, 1)
    at = part
    while at < size(row, 2):
        u = uniform(seed, stream, step, quotient(at, width))
        between[at] = u * real[at] + (1.0 - u) * made[at]
        at += row[ROW_PARTS]


@kernel
def begin_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `begin`: every parts-th number of dprediction (N, 1)."""
    slope, at = pointer(row, memory, 0), part
    while at < size(row, 0):
        slope[at] = 1.0
        at += row[ROW_PARTS]


@kernel
def measure_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `measure`: every parts-th length (N)."""
    slope, length, width = pointer(row, memory, 0), pointer(row, memory, 1), integer(row, 0)
    n = part
    while n < size(row, 1):
        squares = DTYPE(0.0)
        for i in range(n * width, (n + 1) * width):
            squares += slope[i] * slope[i]
        length[n] = math.sqrt(squares)
        n += row[ROW_PARTS]


@kernel
def penalise_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ (length − wanted)² over every parts-th length (N), for wanted (1,)."""
    length, wanted, squares = pointer(row, memory, 0), pointer(row, memory, 1)[0], DTYPE(0.0)
    n = part
    while n < size(row, 0):
        squares += (length[n] - wanted) * (length[n] - wanted)
        n += row[ROW_PARTS]
    room(row, memory)[part] = squares


@kernel
def penalise_mean(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss (1,) = Σ sums / N, for length (N)."""
    pointer(row, memory, 2)[0] = whole(row, memory) / DTYPE(size(row, 0))


@kernel
def pull_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `pull`: every parts-th number of change (N, …)."""
    slope, length, wanted = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)[0]
    factor, change, width = pointer(row, memory, 3)[0], pointer(row, memory, 4), integer(row, 0)
    share = 2.0 * factor / DTYPE(size(row, 1))
    at = part
    while at < size(row, 4):
        long = length[quotient(at, width)]
        change[at] = (share * (long - wanted) / long if long > 0.0 else 0.0) * slope[at]
        at += row[ROW_PARTS]


def _shares(stream: int, clock: Mapping[str, int], count: int) -> Array:
    return rng.uniform(clock["seed"], stream, clock["step"], (count,))


def _mixed(real: Array, made: Array, stream: int, width: int, clock: Mapping[str, int]) -> Array:
    u = _shares(stream, clock, len(real)).reshape(-1, *(1,) * (real.ndim - 1)).astype(real.dtype)
    return np.asarray(u * real + (1 - u) * made)


def _mixed_element(at: Any, real: Named, made: Named, stream: int, width: int, clock: Mapping[str, int]) -> Term:
    u = float(_shares(stream, clock, real.array.shape[0])[at[0]])
    return apply("share of", lambda x: u * x, real[at]) + apply("rest of", lambda x: (1 - u) * x, made[at])


def _lengths(slope: Array, width: int) -> Array:
    return np.asarray(np.sqrt((slope.reshape(-1, width) ** 2).sum(axis=1)))


def _length_element(at: Any, slope: Named, width: int) -> Term:
    shape = slope.array.shape[1:]
    places = (tuple(int(k) for k in np.unravel_index(i, shape)) for i in range(prod(shape)))
    return apply("√", math.sqrt, total(slope[(at[0], *place)] ** 2 for place in places))


def _penalty_element(at: Any, length: Named, wanted: Named) -> Term:
    count = length.array.size
    return total((length[(n,)] - scalar("wanted", wanted)) ** 2 for n in range(count)) / count


def _pull(slope: Array, length: Array, wanted: Array, factor: Array, width: int) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(length > 0, (length - wanted) / length, 0.0)
    return np.asarray(2 * factor / len(length) * scale.reshape(-1, *(1,) * (slope.ndim - 1)) * slope)


def _pull_element(at: Any, slope: Named, length: Named, wanted: Named, factor: Named, width: int) -> Term:
    away = length[(at[0],)] - scalar("wanted", wanted)
    return scalar("factor", factor) * 2 / length.array.size * away / length[(at[0],)] * slope[at]


MIX = Operation(
    name="points between",
    kernel=mix,
    cuda=(NumberRow(mix_cuda),),
    reads=("real", "made"),
    writes=("between",),
    reference=_mixed,
    formula="between[n] = u·real[n] + (1 − u)·made[n], u ~ uniform(0, 1)",
    words="A point somewhere on the line from each real row to a made one: there the slope is to be right.",
    element=_mixed_element,
    integers=("stream", "width"),
    uses_clock=True,
    torch="torch.lerp (with its own random numbers)",
)
BEGIN = Operation(
    name="slope begins",
    kernel=begin,
    cuda=(NumberRow(begin_cuda),),
    reads=(),
    writes=("dprediction",),
    reference=lambda shapes, dtype: np.ones(shapes[0], dtype),
    formula="d[n] = 1",
    words="The way back from the answers themselves, not from a loss: it gives their slope at the input.",
    element=lambda at, slope: slope[at],
    torch="grad_outputs=torch.ones_like(scores)",
)
MEASURE = Operation(
    name="length of the slope",
    kernel=measure,
    cuda=(CudaRow(measure_cuda),),
    reads=("slope",),
    writes=("length",),
    reference=_lengths,
    formula="length[n] = √ Σᵢ slope[n,i]²",
    words="How steep the answer is at each row: how much it changes for a small step in the steepest direction.",
    element=_length_element,
    integers=("width",),
    torch="torch.linalg.vector_norm",
)
PENALISE = Operation(
    name="gradient penalty",
    kernel=penalise,
    cuda=(CudaRow(penalise_partial, parts), CudaRow(fold, folds), CudaRow(penalise_mean, once)),
    reads=("length", "wanted"),
    writes=("loss",),
    reference=lambda length, wanted: np.mean((length - wanted) ** 2, keepdims=True),
    formula="loss = 1/N · Σ (length − wanted)²",
    words="What it costs that slopes are not as long as they are to be.",
    element=_penalty_element,
    torch="((norm - wanted) ** 2).mean()",
)
PULL = Operation(
    name="pull on the slope",
    kernel=pull,
    cuda=(NumberRow(pull_cuda),),
    reads=("slope", "length", "wanted", "factor"),
    writes=("change",),
    reference=_pull,
    formula="change[n] = factor · 2/N · (length[n] − wanted) · slope[n] / length[n]",
    words="How the penalty grows with each number of the slope. Forward through the network it shows, layer by layer, "
    "which weights make the slope.",
    element=_pull_element,
    integers=("width",),
    torch="autograd, create_graph=True",
)
