"""CELU: an ELU whose slope is the same on both sides of 0, whatever its depth."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import exp
from nnplay.kernels.expm1 import expm1
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments

Array = NDArray[Any]


CELU = LayerRecord(
    name="celu",
    title="CELU",
    family="activation",
    about="An ELU without a corner at any depth of its floor (Barron, 2017).",
    when="Instead of ELU where alpha is not 1.",
    initial="he_uniform",
    fields=(number("alpha", 1.0, "depth of the negative floor", low=0.0, above=True, high=100.0, live=True),),
    torch="CELU",
    twin=Twin("nn.CELU", same_arguments),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({"alpha": 0.5}, (3, 4, 2)), Case({"alpha": 3}, (17,))),
    refused=(Refused({"alpha": 0}, (5,), "> 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "celu",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        settings=("alpha",),
        formula="y = x where x > 0, else α·(e^(x/α) − 1)",
        formula_back="dx = dy where x > 0, else dy·e^(x/α)",
        formula_second="dx = f″·change·dy, with f″ = 0 where x > 0, else e^(x/α) / α",
        words="Keeps positive values; negative ones approach −α, with a slope that is 1 at 0.",
        words_back="The gradient fades on the negative side instead of stopping.",
        torch="torch.nn.functional.celu",
    )


def reference(x: Array, alpha: Array) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def slope(x: Array, y: Array, alpha: Array) -> Array:
    return np.where(x > 0, 1, np.exp(np.minimum(x, 0) / alpha))


def second_slope(x: Array, y: Array, alpha: Array) -> Array:
    return np.where(x > 0, 0, np.exp(np.minimum(x, 0) / alpha) / alpha)


@inline
def value(x: Any, alpha: Any) -> Any:
    """x where positive, else alpha·(e^(x/alpha) − 1)."""
    return x if x > 0.0 else alpha * expm1(x / alpha)


@inline
def derivative(x: Any, y: Any, alpha: Any) -> Any:
    """1 where x is positive, else e^(x/alpha)."""
    return 1.0 if x > 0.0 else exp(x / alpha)


@inline
def second_derivative(x: Any, y: Any, alpha: Any) -> Any:
    """0 where x is positive, else e^(x/alpha) / alpha."""
    return 0.0 if x > 0.0 else exp(x / alpha) / alpha


LOOPS = elementwise_loops(value, derivative, second_derivative, settings=1)
