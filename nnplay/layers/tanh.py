"""Tanh: squeezes every number into -1 … 1."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import tanh
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Traits
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


TANH = LayerRecord(
    name="tanh",
    title="Tanh",
    family="activation",
    about="Hyperbolic tangent: an S-curve through 0 with values between -1 and 1.",
    when="In small networks with smooth boundaries, such as the spiral.",
    initial="xavier_uniform",
    traits=Traits(bounds=lambda values: (-1.0, 1.0)),
    torch="Tanh",
    twin=Twin("nn.Tanh"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "tanh",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = tanh(x)",
        formula_back="dx = dy · (1 − y²)",
        formula_second="dx = f″·change·dy, with f″ = −2·y·(1 − y²)",
        words="Squeezes values smoothly into −1 … 1, centred on 0.",
        words_back="Near ±1 the curve is flat, so almost no gradient passes: the unit is saturated.",
        torch="torch.tanh",
    )


def reference(x: Array) -> Array:
    return np.tanh(x)


def slope(x: Array, y: Array) -> Array:
    return 1 - y * y


def second_slope(x: Array, y: Array) -> Array:
    return np.asarray(-2 * y * (1 - y * y))


@inline
def value(x: Any) -> Any:
    """Hyperbolic tangent."""
    return tanh(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """1 - tanh²(x), from the output."""
    return 1.0 - y * y


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """−2·y·(1 − y²), from the output."""
    return -2.0 * y * (1.0 - y * y)


LOOPS = elementwise_loops(value, derivative, second_derivative)
