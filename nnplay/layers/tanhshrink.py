"""Tanhshrink: what tanh takes away from a number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import tanh
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


TANHSHRINK = LayerRecord(
    name="tanhshrink",
    title="Tanhshrink",
    family="activation",
    about="x − tanh(x): small values nearly vanish, large ones come one closer to 0.",
    when="For codes that should be sparse; a smooth softshrink.",
    initial="xavier_uniform",
    torch="Tanhshrink",
    twin=Twin("nn.Tanhshrink"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "tanhshrink",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = x − tanh(x)",
        formula_back="dx = dy·tanh(x)²",
        formula_second="dx = f″·change·dy, with f″ = 2·t·(1 − t²), with t = tanh(x)",
        words="Flattens small values and lets large ones through.",
        words_back="The gradient passes far from 0 and hardly at all near it.",
        torch="torch.nn.functional.tanhshrink",
    )


def reference(x: Array) -> Array:
    return x - np.tanh(x)


def slope(x: Array, y: Array) -> Array:
    return np.tanh(x) ** 2


def second_slope(x: Array, y: Array) -> Array:
    t = np.tanh(x)
    return np.asarray(2 * t * (1 - t * t))


@inline
def value(x: Any) -> Any:
    """x − tanh(x)."""
    return x - tanh(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """tanh(x)²."""
    return tanh(x) * tanh(x)


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """2·t·(1 − t²), with t = tanh(x)."""
    t = tanh(x)
    return 2.0 * t * (1.0 - t * t)


LOOPS = elementwise_loops(value, derivative, second_derivative)
