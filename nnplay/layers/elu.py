"""ELU: negative numbers approach a floor smoothly (Clevert et al., 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.expm1 import expm1
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments

Array = NDArray[Any]


ELU = LayerRecord(
    name="elu",
    title="ELU",
    family="activation",
    about="Exponential linear unit: like ReLU, but negative values approach −alpha smoothly.",
    when="When ReLU units die and you want outputs centred on 0.",
    initial="he_uniform",
    fields=(number("alpha", 1.0, "depth of the negative floor", low=0.0, high=100.0, live=True),),
    torch="ELU",
    twin=Twin("nn.ELU", same_arguments),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({"alpha": 0.5}, (3, 4, 2))),
    refused=(Refused({"alpha": -1}, (5,), "≥ 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "elu",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        settings=("alpha",),
        formula="y = x where x > 0, else α·(eˣ − 1)",
        formula_back="dx = dy where x > 0, else dy·(y + α)",
        formula_second="dx = f″·change·dy, with f″ = 0 where x > 0, else y + α",
        words="Keeps positive values; negative ones approach a floor, which pulls the mean output towards 0.",
        words_back="The gradient fades on the negative side instead of stopping.",
        torch="torch.nn.functional.elu",
    )


def reference(x: Array, alpha: Array) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def slope(x: Array, y: Array, alpha: Array) -> Array:
    return np.where(x > 0, 1, y + alpha)


def second_slope(x: Array, y: Array, alpha: Array) -> Array:
    return np.where(x > 0, 0, y + alpha)


@inline
def value(x: Any, alpha: Any) -> Any:
    """x where positive, else alpha·(eˣ − 1)."""
    return x if x > 0.0 else alpha * expm1(x)


@inline
def derivative(x: Any, y: Any, alpha: Any) -> Any:
    """1 where x is positive, else alpha·eˣ, which is y + alpha."""
    return 1.0 if x > 0.0 else y + alpha


@inline
def second_derivative(x: Any, y: Any, alpha: Any) -> Any:
    """0 where x is positive, else alpha·eˣ, which is y + alpha."""
    return 0.0 if x > 0.0 else y + alpha


LOOPS = elementwise_loops(value, derivative, second_derivative, settings=1)
