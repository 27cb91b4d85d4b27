"""Sigmoid: squeezes every number into 0 … 1."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import sigmoid
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, LayerRecord, Plan, Traits
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


SIGMOID = LayerRecord(
    name="sigmoid",
    title="Sigmoid",
    family="activation",
    about="An S-curve between 0 and 1: turns one output into a probability, or opens and closes a gate.",
    when="As the last layer before binary_cross_entropy; in hidden layers tanh learns faster.",
    initial="xavier_uniform",
    traits=Traits(bounds=lambda values: (0.0, 1.0)),
    torch="Sigmoid",
    twin=Twin("nn.Sigmoid"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "sigmoid",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = 1 / (1 + e⁻ˣ)",
        formula_back="dx = dy·y·(1 − y)",
        formula_second="dx = f″·change·dy, with f″ = y·(1 − y)·(1 − 2y)",
        words="Squeezes values smoothly into 0 … 1; 0 becomes one half.",
        words_back="The slope is at most one quarter, so gradients shrink with every sigmoid layer they pass.",
        torch="torch.sigmoid",
    )


def reference(x: Array) -> Array:
    return sigmoid_of(x)


def slope(x: Array, y: Array) -> Array:
    return np.asarray(y * (1 - y))


def second_slope(x: Array, y: Array) -> Array:
    return np.asarray(y * (1 - y) * (1 - 2 * y))


@inline
def value(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return sigmoid(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """y·(1 − y), from the output."""
    return y * (1.0 - y)


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """y·(1 − y)·(1 − 2y), from the output."""
    return y * (1.0 - y) * (1.0 - 2.0 * y)


LOOPS = elementwise_loops(value, derivative, second_derivative)
