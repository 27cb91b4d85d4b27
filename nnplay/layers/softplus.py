"""Softplus: a smooth ReLU whose outputs are positive."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import sigmoid, softplus
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


SOFTPLUS = LayerRecord(
    name="softplus",
    title="Softplus",
    family="activation",
    about="A smooth ReLU; its outputs are always positive, as a variance or a rate must be.",
    when="As the last layer when the output must be positive.",
    initial="he_uniform",
    torch="Softplus",
    twin=Twin("nn.Softplus"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "softplus",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = log(1 + eˣ)",
        formula_back="dx = dy·sigmoid(x)",
        formula_second="dx = f″·change·dy, with f″ = s·(1 − s), with s = sigmoid(x)",
        words="Bends smoothly from 0 on the left to x on the right.",
        words_back="The slope of softplus is the sigmoid: nearly 0 on the left, nearly 1 on the right.",
        torch="torch.nn.functional.softplus",
    )


def reference(x: Array) -> Array:
    return np.logaddexp(0, x)


def slope(x: Array, y: Array) -> Array:
    return sigmoid_of(x)


def second_slope(x: Array, y: Array) -> Array:
    s = sigmoid_of(x)
    return np.asarray(s * (1 - s))


@inline
def value(x: Any) -> Any:
    """log(1 + eˣ); NaN stays NaN."""
    return softplus(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """sigmoid(x)."""
    return sigmoid(x)


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """s·(1 − s), with s = sigmoid(x)."""
    s = sigmoid(x)
    return s * (1.0 - s)


LOOPS = elementwise_loops(value, derivative, second_derivative)
