"""Leaky ReLU: negative numbers are made small instead of 0."""

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


LEAKY_RELU = LayerRecord(
    name="leaky_relu",
    title="Leaky ReLU",
    family="activation",
    about="A ReLU that lets a little of the negative side through, so that no unit dies (Maas et al., 2013).",
    when="When ReLU units die: they stay at 0 for every row and stop learning.",
    initial="he_uniform",
    fields=(number("negative_slope", 0.01, "slope for negative values", low=-10.0, high=10.0, live=True),),
    torch="LeakyReLU",
    twin=Twin("nn.LeakyReLU", same_arguments),
    traits=Traits(change="pieces"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({"negative_slope": 0.3}, (3, 4, 2))),
    refused=(Refused({"negative_slope": "steep"}, (5,), "not a number"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "leaky_relu",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        settings=("negative_slope",),
        formula="y = x where x > 0, else slope·x",
        formula_back="dx = dy where x > 0, else slope·dy",
        words="Keeps positive values and makes negative ones small.",
        words_back="A little of the gradient passes even where the unit is off, so it can come back.",
        torch="torch.nn.functional.leaky_relu",
    )


def reference(x: Array, negative_slope: Array) -> Array:
    return np.where(x > 0, x, negative_slope * x)


def slope(x: Array, y: Array, negative_slope: Array) -> Array:
    return np.where(x > 0, 1, negative_slope)


@inline
def value(x: Any, slope: Any) -> Any:
    """x where positive, else slope·x."""
    return x if x > 0.0 else slope * x


@inline
def derivative(x: Any, y: Any, slope: Any) -> Any:
    """1 where x is positive, else the slope."""
    return 1.0 if x > 0.0 else slope


LOOPS = elementwise_loops(value, derivative, settings=1)
