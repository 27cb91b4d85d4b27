"""Hardshrink: numbers near 0 become 0, all others stay."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments

Array = NDArray[Any]


HARDSHRINK = LayerRecord(
    name="hardshrink",
    title="Hardshrink",
    family="activation",
    about="Sets small values to 0 and leaves all others as they are.",
    when="For sparse codes whose large values shall keep their size.",
    initial="xavier_uniform",
    fields=(number("lambd", 0.5, "values no larger than this become 0", low=0.0, high=1e6, live=True),),
    traits=Traits(change="pieces"),
    torch="Hardshrink",
    twin=Twin("nn.Hardshrink", same_arguments),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({"lambd": 0.1}, (3, 4, 2))),
    refused=(Refused({"lambd": -1}, (5,), "≥ 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "hardshrink",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        settings=("lambd",),
        formula="y = x where |x| > λ, else 0",
        formula_back="dx = dy where |x| > λ, else 0",
        words="Drops what is smaller than λ and keeps the rest.",
        words_back="The gradient passes only where the value did.",
        torch="torch.nn.functional.hardshrink",
    )


def reference(x: Array, lambd: Array) -> Array:
    return np.where(np.abs(x) > lambd, x, 0 * x)


def slope(x: Array, y: Array, lambd: Array) -> Array:
    return np.where(np.abs(x) > lambd, 1, 0)


@inline
def value(x: Any, lambd: Any) -> Any:
    """x beyond lambd, else 0; NaN stays NaN."""
    return x if abs(x) > lambd else 0.0 * x


@inline
def derivative(x: Any, y: Any, lambd: Any) -> Any:
    """1 beyond lambd, else 0."""
    return 1.0 if abs(x) > lambd else 0.0


LOOPS = elementwise_loops(value, derivative, settings=1)
