"""SiLU: x times its own sigmoid (Elfwing et al., 2018); also called swish."""

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
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


SILU = LayerRecord(
    name="silu",
    title="SiLU",
    family="activation",
    about="Sigmoid linear unit, or swish: a smooth ReLU with a small dip below 0.",
    when="In deep networks, where it often beats ReLU by a little.",
    initial="he_uniform",
    torch="SiLU",
    twin=Twin("nn.SiLU"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "silu",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = x·sigmoid(x)",
        formula_back="dx = dy·s·(1 + x·(1 − s)), with s = sigmoid(x)",
        formula_second="dx = f″·change·dy, with f″ = s·(1 − s)·(2 + x·(1 − 2s)), with s = sigmoid(x)",
        words="Multiplies each value by its own sigmoid: large ones pass fully, negative ones hardly at all.",
        words_back="The gradient passes smoothly, without the corner of ReLU.",
        torch="torch.nn.functional.silu",
    )


def reference(x: Array) -> Array:
    return np.asarray(x * sigmoid_of(x))


def slope(x: Array, y: Array) -> Array:
    s = sigmoid_of(x)
    return np.asarray(s * (1 + x * (1 - s)))


def second_slope(x: Array, y: Array) -> Array:
    s = sigmoid_of(x)
    return np.asarray(s * (1 - s) * (2 + x * (1 - 2 * s)))


@inline
def value(x: Any) -> Any:
    """x·sigmoid(x)."""
    return x * sigmoid(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """s·(1 + x·(1 − s)), with s = sigmoid(x)."""
    s = sigmoid(x)
    return s * (1.0 + x * (1.0 - s))


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """s·(1 − s)·(2 + x·(1 − 2s)), with s = sigmoid(x)."""
    s = sigmoid(x)
    return s * (1.0 - s) * (2.0 + x * (1.0 - 2.0 * s))


LOOPS = elementwise_loops(value, derivative, second_derivative)
