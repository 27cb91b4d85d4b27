"""Rows that make a batch instead of copying one: numbers drawn at random, and one number for all rows.

What is drawn is a function of seed, stream and step alone, as dropout is: a step that is taken again draws the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP, ROW_PARTS
from nnplay.kernels.compile.jit import force_inline, kernel
from nnplay.kernels.elementary import cosine_of_turns, log
from nnplay.kernels.operands import flat, integer
from nnplay.kernels.random import uniform
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]
Shapes = tuple[tuple[int, ...], ...]

# Inlined whole, so that several numbers are drawn by one vector.
_uniform_number, _log, _cosine_of_turns = force_inline(uniform), force_inline(log), force_inline(cosine_of_turns)


@kernel
def draw_normal(row: Any, clock: Any, memory: Any, part: int) -> None:
    """noise = √(−2·log u)·cos(2π·v), Box and Muller's, for uniform u, v; noise (N, …)."""
    noise = flat(row, memory, 0)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    count = noise.size
    for i in range(count):  # as in nnplay.rng.normal
        radius = math.sqrt(-2.0 * _log(_uniform_number(seed, stream, step, i) + 2.98023223876953125e-08))
        noise[i] = radius * _cosine_of_turns(_uniform_number(seed, stream, step, count + i))


@kernel
def draw_normal_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `draw_normal`, for noise (N, …): every parts-th number of it."""
    noise = flat(row, memory, 0)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    i = part
    while i < noise.size:
        radius = math.sqrt(-2.0 * log(uniform(seed, stream, step, i) + 2.98023223876953125e-08))
        noise[i] = radius * cosine_of_turns(uniform(seed, stream, step, noise.size + i))
        i += row[ROW_PARTS]


@kernel
def draw_uniform(row: Any, clock: Any, memory: Any, part: int) -> None:
    """noise = 2·u − 1, for u uniform in [0, 1); noise (N, …)."""
    noise = flat(row, memory, 0)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    for i in range(noise.size):
        noise[i] = 2.0 * uniform(seed, stream, step, i) - 1.0


@kernel
def draw_uniform_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `draw_uniform`, for noise (N, …): every parts-th number of it."""
    noise = flat(row, memory, 0)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    i = part
    while i < noise.size:
        noise[i] = 2.0 * uniform(seed, stream, step, i) - 1.0
        i += row[ROW_PARTS]


@kernel
def fill(row: Any, clock: Any, memory: Any, part: int) -> None:
    """target[n] = millionths / 1,000,000, for target (N, …)."""
    target, value = flat(row, memory, 0), integer(row, 0) / 1e6
    for i in range(target.size):
        target[i] = value


@kernel
def fill_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `fill`, for target (N, …): every parts-th number of it."""
    target, value = flat(row, memory, 0), integer(row, 0) / 1e6
    i = part
    while i < target.size:
        target[i] = value
        i += row[ROW_PARTS]


def normal_noise(seed: int, stream: int, step: int, shape: tuple[int, ...]) -> Array:
    """Standard normal numbers of a shape."""
    return rng.normal(seed, stream, step, shape)


def uniform_noise(seed: int, stream: int, step: int, shape: tuple[int, ...]) -> Array:
    """Numbers between −1 and 1, all equally likely, of a shape."""
    return 2.0 * rng.uniform(seed, stream, step, shape) - 1.0


def _normal(stream: int, clock: Mapping[str, int], shapes: Shapes, dtype: Any) -> Array:
    return normal_noise(clock["seed"], stream, clock["step"], shapes[0]).astype(dtype)


def _uniform(stream: int, clock: Mapping[str, int], shapes: Shapes, dtype: Any) -> Array:
    return uniform_noise(clock["seed"], stream, clock["step"], shapes[0]).astype(dtype)


def _drawn(at: Any, noise: Named, stream: int, clock: Mapping[str, int]) -> Term:
    return noise[at]


NORMAL = Operation(
    name="noise drawn",
    kernel=draw_normal,
    cuda=(CudaRow(draw_normal_cuda),),
    reads=(),
    writes=("input",),
    reference=_normal,
    formula="noise ~ normal(0, 1)",
    words="Draws new random numbers for each row of the batch, normal with mean 0 and deviation 1.",
    element=_drawn,
    integers=("stream",),
    uses_clock=True,
    torch="torch.randn (with its own random numbers)",
)
UNIFORM = Operation(
    name="noise drawn",
    kernel=draw_uniform,
    cuda=(CudaRow(draw_uniform_cuda),),
    reads=(),
    writes=("input",),
    reference=_uniform,
    formula="noise ~ uniform(−1, 1)",
    words="Draws new random numbers for each row of the batch, all from −1 to 1 equally likely.",
    element=_drawn,
    integers=("stream",),
    uses_clock=True,
    torch="torch.rand (with its own random numbers)",
)
#: How noise can be spread, by name: the row that draws it, and the same in NumPy.
NOISES = {"normal": (NORMAL, normal_noise), "uniform": (UNIFORM, uniform_noise)}

#: What a constant target is counted in, so that it is an integer of its row.
MILLIONTHS = 1_000_000

FILL = Operation(
    name="same target for all",
    kernel=fill,
    cuda=(CudaRow(fill_cuda),),
    reads=(),
    writes=("target",),
    reference=lambda shapes, dtype, millionths: np.full(shapes[0], millionths / MILLIONTHS, dtype),
    formula="target[n] = millionths / 1,000,000",
    words="Every row of this batch is compared with the same number.",
    element=lambda at, target, millionths: as_term(float(millionths)) / MILLIONTHS,
    integers=("millionths",),
    torch="torch.full_like",
)
