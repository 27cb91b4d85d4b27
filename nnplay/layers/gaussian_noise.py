"""GaussianNoise: in training, every number gets a little noise of its own, another one at every step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.fields import number
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP, ROW_PARTS
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.elementary import cosine_of_turns, log
from nnplay.kernels.operands import integer, pointer, share, size
from nnplay.kernels.random import uniform
from nnplay.operations.unchanged import passed_back, unchanged
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.worked import Named, Term, scalar

Array = NDArray[Any]


GAUSSIAN_NOISE = LayerRecord(
    name="gaussian_noise",
    title="GaussianNoise",
    family="regularisation",
    about="Adds noise to every value during training, so that the network cannot memorise the data.",
    when="After noisy inputs with few examples, instead of dropout.",
    plan=lambda values, shape: plan(values, shape),
    traits=Traits(each_step=True),
    fields=(number("deviation", 0.1, "standard deviation of the noise", low=0.0, high=1e6, live=True),),
    torch="x + deviation * randn_like(x) in training",
    cases=(Case({}, (5,)), Case({"deviation": 2}, (3, 4, 2)), Case({"deviation": 0}, (3,))),
    refused=(
        Refused({"deviation": -1}, (5,), "≥ 0"),
        Refused({"deviation": "loud"}, (5,), "not a number"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    count = prod(shape)
    return Plan(
        output=shape,
        forward=(Use(_forward_operation(), cost=80 * count),),
        backward=(Use(_BACKWARD, cost=count),),
        evaluate=(Use(_EVALUATE, cost=count),),
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="noise added",
        kernel=forward,
        cuda=(NumberRow(forward_cuda),),
        reads=("x", "deviation"),
        writes=("y",),
        reference=reference,
        formula="y = x + deviation·noise, where noise is normal with mean 0 and deviation 1",
        words="Blurs every value a little, so that the network cannot rely on exact inputs.",
        element=_element,
        integers=("stream",),
        uses_clock=True,
        torch="x + deviation * torch.randn_like(x) (with its own random numbers)",
    )


def reference(x: Array, deviation: Array, stream: int, clock: Mapping[str, int]) -> Array:
    return np.asarray(x + deviation * rng.normal(clock["seed"], stream, clock["step"], x.shape))


def _element(at: tuple[int, ...], x: Named, deviation: Named, stream: int, clock: Mapping[str, int]) -> Term:
    noise = Named("noise", rng.normal(clock["seed"], stream, clock["step"], x.shape))
    return x[at] + scalar("deviation", deviation) * noise[at]


_EVALUATE = unchanged("noise (off)", "No noise is added outside training.", "x")
_BACKWARD = passed_back("noise backward", "The noise is constant for the gradient, which passes unchanged.")


@inline
def noisy(row: Any, clock: Any, x: Any, deviation: Any, i: int) -> Any:
    """x[i] + deviation·noise, noise = √(−2·log u)·cos(2π·v) for uniform u, v (Box and Muller), as in `nnplay.rng`."""
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    radius = math.sqrt(-2.0 * log(uniform(seed, stream, step, i) + 2.98023223876953125e-08))
    return x[i] + deviation * radius * cosine_of_turns(uniform(seed, stream, step, size(row, 0) + i))


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x + deviation·noise, for x and y (M,)."""
    x, deviation, y = pointer(row, memory, 0), pointer(row, memory, 1)[0], pointer(row, memory, 2)
    start, stop = share(row, part, size(row, 0))
    for i in range(start, stop):
        y[i] = noisy(row, clock, x, deviation, i)


@kernel
def forward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`: every parts-th number of y (M,)."""
    x, deviation, y = pointer(row, memory, 0), pointer(row, memory, 1)[0], pointer(row, memory, 2)
    i = part
    while i < size(row, 0):
        y[i] = noisy(row, clock, x, deviation, i)
        i += row[ROW_PARTS]
