"""Mish: a smooth ReLU that dips below 0 before it goes flat."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import sigmoid, softplus, tanh
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


MISH = LayerRecord(
    name="mish",
    title="Mish",
    family="activation",
    about="A smooth relative of ReLU that lets small negative values through (Misra, 2019).",
    when="In deep convolutional networks, as a smooth replacement for ReLU.",
    initial="he_uniform",
    torch="Mish",
    twin=Twin("nn.Mish"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2)), Case({}, (33,))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "mish",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        bend=bend,
        formula="y = x·tanh(log(1 + eˣ))",
        formula_back="dx = dy·(t + x·(1 - t²)·sigmoid(x)), where t = tanh(log(1 + eˣ))",
        formula_bend="dx = f″·change·dy, with f″ = (1 − t²)·s·(2 + x·(1 − s − 2·t·s)), s = sigmoid(x)",
        words="Keeps large positive values and fades negative ones out, without a corner.",
        words_back="The gradient passes on the positive side, and a little on the negative one, so that no unit dies.",
        torch="torch.nn.functional.mish",
    )


def reference(x: Array) -> Array:
    return np.asarray(x * np.tanh(np.logaddexp(0, x)))


def slope(x: Array, y: Array) -> Array:
    t = np.tanh(np.logaddexp(0, x))
    return np.asarray(t + x * (1 - t * t) * sigmoid_of(x))


def bend(x: Array, y: Array) -> Array:
    t, s = np.tanh(np.logaddexp(0, x)), sigmoid_of(x)
    return np.asarray((1 - t * t) * s * (2 + x * (1 - s - 2 * t * s)))


@inline
def value(x: Any) -> Any:
    """x·tanh(log(1 + eˣ))."""
    return x * tanh(softplus(x))


@inline
def derivative(x: Any, y: Any) -> Any:
    """t + x·(1 - t²)·sigmoid(x), where t = tanh(log(1 + eˣ))."""
    t = tanh(softplus(x))
    return t + x * (1.0 - t * t) * sigmoid(x)


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """(1 − t²)·s·(2 + x·(1 − s − 2·t·s)), where t = tanh(log(1 + eˣ)) and s = sigmoid(x)."""
    t, s = tanh(softplus(x)), sigmoid(x)
    return (1.0 - t * t) * s * (2.0 + x * (1.0 - s - 2.0 * t * s))


LOOPS = elementwise_loops(value, derivative, second_derivative)
