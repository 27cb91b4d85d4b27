"""Dropout: in training, a random share of the numbers becomes 0 (Srivastava et al., 2014)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
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
from nnplay.records.worked import Named, Term, apply, scalar

Array = NDArray[Any]


DROPOUT = LayerRecord(
    name="dropout",
    title="Dropout",
    family="regularisation",
    about="Sets a random fraction of values to 0 during training, so that the network cannot memorise the data.",
    when="When validation loss rises while training loss falls. Usual rates: 0.2 to 0.5.",
    plan=lambda values, shape: plan(values, shape),
    traits=Traits(each_step=True, change="pieces"),
    fields=(number("p", 0.5, "fraction of values set to 0", low=0.0, high=0.999, live=True),),
    torch="Dropout",
    twin=Twin("nn.Dropout", same_arguments, random=True),
    cases=(Case({}, (5,)), Case({"p": 0.2}, (17,)), Case({"p": 0}, (3,)), Case({"p": 0.9}, (3, 4, 2))),
    refused=(
        Refused({"p": 1}, (5,), "≥ 0 and ≤ 0.999"),
        Refused({"p": -0.1}, (5,), "≥ 0 and ≤ 0.999"),
        Refused({"p": "half"}, (5,), "not a number"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    count = int(np.prod(shape))
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
        name="dropout",
        kernel=forward,
        cuda=(NumberRow(forward),),
        reads=("x", "p"),
        writes=("y", "mask"),
        reference=reference,
        formula="y = x·mask, where mask = 0 with probability p, else 1/(1 − p)",
        words="Sets random values to 0, different ones at every step, so that no unit can rely on a single other unit.",
        element=_element,
        integers=("stream",),
        uses_clock=True,
        torch="torch.nn.functional.dropout (with its own random numbers)",
    )


def _mask(shape: Shape, p: float, stream: int, clock: Mapping[str, int]) -> Array:
    return (rng.uniform(clock["seed"], stream, clock["step"], shape) >= p) / (1 - p)


def reference(x: Array, p: Array, stream: int, clock: Mapping[str, int]) -> tuple[Array, Array]:
    mask = _mask(x.shape, p[0], stream, clock)
    return x * mask, mask


def _element(at: tuple[int, ...], x: Named, p: Named, stream: int, clock: Mapping[str, int]) -> Term:
    mask = _mask(x.shape, float(p.array[0]), stream, clock)
    if mask[at] == 0:
        return x[at] * apply("dropped", lambda value: value, 0.0)
    return x[at] / (1 - scalar("p", p))


_EVALUATE = unchanged(
    "dropout (off)", "Nothing is dropped outside training.", "torch.nn.functional.dropout(x, training=False)"
)
_BACKWARD = passed_masked("dropout backward", "The gradient passes only where the value did.")


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·mask, where mask = 0 with probability p, else 1 / (1 − p); x, y, mask (M,)."""
    x, p = part_of(row, memory, 0, part), flat(row, memory, 1)[0]
    y, mask = part_of(row, memory, 2, part), part_of(row, memory, 3, part)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    kept = 1.0 / (1.0 - p)  # kept numbers grow, so that the mean stays and evaluation needs no scaling
    count = size(row, 0)
    for i in range(x.size):
        mask[i] = kept if uniform(seed, stream, step, place_of(row, part, count, i)) >= p else 0.0
        y[i] = x[i] * mask[i]
