"""Softshrink: numbers near 0 become 0, all others come closer to it."""

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


SOFTSHRINK = LayerRecord(
    name="softshrink",
    title="Softshrink",
    family="activation",
    about="Sets small values to 0 and moves all others towards it by the same amount.",
    when="For sparse codes and for removing noise: the step that an L1 penalty amounts to.",
    initial="xavier_uniform",
    fields=(number("lambd", 0.5, "how far values move towards 0", low=0.0, high=1e6, live=True),),
    traits=Traits(change="pieces"),
    torch="Softshrink",
    twin=Twin("nn.Softshrink", same_arguments),
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
        "softshrink",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        settings=("lambd",),
        formula="y = x − λ where x > λ, x + λ where x < −λ, else 0",
        formula_back="dx = dy where |x| > λ, else 0",
        words="Drops what is smaller than λ and shortens the rest by λ.",
        words_back="The gradient passes only where the value did.",
        torch="torch.nn.functional.softshrink",
    )


def reference(x: Array, lambd: Array) -> Array:
    return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, 0 * x))


def slope(x: Array, y: Array, lambd: Array) -> Array:
    return np.where(np.abs(x) > lambd, 1, 0)


@inline
def value(x: Any, lambd: Any) -> Any:
    """x moved towards 0 by lambd, and 0 within it; NaN stays NaN."""
    return x - lambd if x > lambd else (x + lambd if x < -lambd else 0.0 * x)


@inline
def derivative(x: Any, y: Any, lambd: Any) -> Any:
    """1 beyond lambd, else 0."""
    return 1.0 if abs(x) > lambd else 0.0


LOOPS = elementwise_loops(value, derivative, settings=1)
