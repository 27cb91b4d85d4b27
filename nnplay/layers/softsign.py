"""Softsign: an S-curve like tanh that approaches its ends slowly."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


SOFTSIGN = LayerRecord(
    name="softsign",
    title="Softsign",
    family="activation",
    about="An S-curve between −1 and 1, x / (1 + |x|): it saturates more gently than tanh.",
    when="Instead of tanh when many units are saturated.",
    initial="xavier_uniform",
    torch="Softsign",
    twin=Twin("nn.Softsign"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "softsign",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = x / (1 + |x|)",
        formula_back="dx = dy / (1 + |x|)²",
        formula_second="dx = f″·change·dy, with f″ = −2·sign(x) / (1 + |x|)³",
        words="Squeezes values into −1 … 1, far ones more and more slowly.",
        words_back="The gradient gets small far from 0, but never as small as that of tanh.",
        torch="torch.nn.functional.softsign",
    )


def reference(x: Array) -> Array:
    return np.asarray(x / (1 + np.abs(x)))


def slope(x: Array, y: Array) -> Array:
    return np.asarray(1 / (1 + np.abs(x)) ** 2)


def second_slope(x: Array, y: Array) -> Array:
    return np.asarray(-2 * np.sign(x) / (1 + np.abs(x)) ** 3)


@inline
def value(x: Any) -> Any:
    """x / (1 + |x|)."""
    return x / (1.0 + abs(x))


@inline
def derivative(x: Any, y: Any) -> Any:
    """1 / (1 + |x|)²."""
    return 1.0 / ((1.0 + abs(x)) * (1.0 + abs(x)))


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """∓2 / (1 + |x|)³, turned round on the left."""
    near = 1.0 + abs(x)
    return (-2.0 if x > 0.0 else (2.0 if x < 0.0 else 0.0)) / (near * near * near)


LOOPS = elementwise_loops(value, derivative, second_derivative)
