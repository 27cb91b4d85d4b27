"""AlphaDropout: dropout for SELU networks, which keeps mean and deviation (Klambauer et al., 2017)."""

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
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import flat, integer, part_of, place_of, size
from nnplay.kernels.random import uniform
from nnplay.operations.masked import passed_masked
from nnplay.operations.unchanged import OFF_BACK, unchanged
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import BATCH, Operation, Shape, Use
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]
_FLOOR = -1.7580993408473766  # SELU's, −λ·α


ALPHA_DROPOUT = LayerRecord(
    name="alpha_dropout",
    title="AlphaDropout",
    family="regularisation",
    about="Sets a random fraction of values to the floor of SELU during training, and keeps mean and deviation.",
    when="Instead of dropout behind selu. Usual rates: 0.05 to 0.2.",
    traits=Traits(each_step=True),
    plan=lambda values, shape: plan(values, shape),
    fields=(number("p", 0.1, "fraction of values set to the floor", low=0.0, high=0.999, live=True),),
    torch="AlphaDropout",
    twin=Twin("nn.AlphaDropout", same_arguments, random=True),
    cases=(Case({}, (5,)), Case({"p": 0.5}, (3, 4, 2)), Case({"p": 0}, (3,))),
    refused=(Refused({"p": 1}, (5,), "≥ 0 and ≤ 0.999"), Refused({"p": "half"}, (5,), "not a number")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    count = prod(shape)
    return Plan(
        output=shape,
        forward=(Use(_forward_operation(), cost=32 * count),),
        backward=(Use(_BACKWARD, cost=count),),
        evaluate=(Use(_EVALUATE, cost=count),),
        evaluate_backward=(Use(OFF_BACK, cost=count),),
        saved={"mask": (BATCH, *shape)},
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="alpha dropout",
        kernel=forward,
        cuda=(NumberRow(forward),),
        reads=("x", "p"),
        writes=("y", "mask"),
        reference=reference,
        formula="y = a·x + b where x stays, else a·f + b, with SELU's floor f; mask = a or 0",
        words="Sends random values to SELU's floor, then shifts and scales all: mean and deviation stay 0 and 1.",
        element=_element,
        integers=("stream",),
        uses_clock=True,
        torch="torch.nn.functional.alpha_dropout (with its own random numbers)",
    )


def _affine(p: float) -> tuple[float, float]:
    """a and b: (1 − p)·(1 + p·f²) is the variance of what is left of normal numbers, p·f their mean."""
    a = 1 / math.sqrt((1 - p) * (1 + p * _FLOOR * _FLOOR))
    return a, -a * p * _FLOOR


def _stays(shape: Shape, p: float, stream: int, clock: Mapping[str, int]) -> Array:
    return rng.uniform(clock["seed"], stream, clock["step"], shape) >= p


def reference(x: Array, p: Array, stream: int, clock: Mapping[str, int]) -> tuple[Array, Array]:
    a, b = _affine(float(p[0]))
    stays = _stays(x.shape, p[0], stream, clock)
    return np.where(stays, x, _FLOOR) * a + b, stays * a


def _element(at: tuple[int, ...], x: Named, p: Named, stream: int, clock: Mapping[str, int]) -> Term:
    rate = float(p.array[0])
    a, b = _affine(rate)
    value = x[at] if _stays(x.shape, rate, stream, clock)[at] else as_term(_FLOOR)
    return value * a + b


_EVALUATE = unchanged(
    "alpha dropout (off)", "Nothing is dropped outside training.", "torch.nn.functional.alpha_dropout(x)"
)
_BACKWARD = passed_masked(
    "alpha dropout backward", "The gradient passes only where the value did, scaled as the value was."
)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = a·x + b where a value stays, else a·f + b; mask = a or 0; x, y, mask (M,)."""
    x, p = part_of(row, memory, 0, part), flat(row, memory, 1)[0]
    y, mask = part_of(row, memory, 2, part), part_of(row, memory, 3, part)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    f = -1.7580993408473766
    a = 1.0 / math.sqrt((1.0 - p) * (1.0 + p * f * f))
    b = -a * p * f
    count = size(row, 0)
    for i in range(x.size):
        stays = uniform(seed, stream, step, place_of(row, part, count, i)) >= p
        mask[i] = a if stays else 0.0
        y[i] = (x[i] if stays else f) * a + b
