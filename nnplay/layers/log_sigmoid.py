"""Log-sigmoid: the logarithm of a probability, for numbers of any size."""

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


LOG_SIGMOID = LayerRecord(
    name="log_sigmoid",
    title="LogSigmoid",
    family="activation",
    about="The logarithm of a sigmoid, without overflow: 0 for large values, x for very negative ones.",
    when="As the last layer when a loss wants log-probabilities of yes and no.",
    initial="xavier_uniform",
    torch="LogSigmoid",
    twin=Twin("nn.LogSigmoid"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "log_sigmoid",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        bend=bend,
        formula="y = −log(1 + e⁻ˣ)",
        formula_back="dx = dy / (1 + eˣ)",
        formula_bend="dx = f″·change·dy, with f″ = −s·(1 − s), with s = sigmoid(x)",
        words="Turns a score into the logarithm of a probability.",
        words_back="The gradient is the probability of the other answer: a confident right unit learns little.",
        torch="torch.nn.functional.logsigmoid",
    )


def reference(x: Array) -> Array:
    return -np.logaddexp(0, -x)


def slope(x: Array, y: Array) -> Array:
    return np.exp(-np.logaddexp(0, x))


def bend(x: Array, y: Array) -> Array:
    s = sigmoid_of(x)
    return np.asarray(-s * (1 - s))


@inline
def value(x: Any) -> Any:
    """−log(1 + e⁻ˣ)."""
    return -softplus(-x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """1 / (1 + eˣ)."""
    return sigmoid(-x)


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """−s·(1 − s), with s = sigmoid(x)."""
    s = sigmoid(x)
    return -s * (1.0 - s)


LOOPS = elementwise_loops(value, derivative, second_derivative)
