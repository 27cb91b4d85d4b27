"""Gaussian: a bump around 0, as in networks of radial basis functions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import exp
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import Shape

Array = NDArray[Any]


GAUSSIAN = LayerRecord(
    name="gaussian",
    title="Gaussian",
    family="activation",
    about="A bump, e^(−x²): a unit answers only near one value of its input.",
    when="For networks of local units, as in radial basis functions.",
    initial="xavier_uniform",
    torch="torch.exp(-x * x)",
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "gaussian",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = e^(−x²)",
        formula_back="dx = −2·x·y·dy",
        formula_second="dx = f″·change·dy, with f″ = y·(4x² − 2)",
        words="Is 1 at 0 and fades to 0 on both sides.",
        words_back="The gradient is largest on the slopes of the bump and vanishes at its top and far away.",
        torch="torch.exp(-x * x)",
    )


def reference(x: Array) -> Array:
    return np.asarray(np.exp(-x * x))


def slope(x: Array, y: Array) -> Array:
    return -2 * x * y


def second_slope(x: Array, y: Array) -> Array:
    return np.asarray(y * (4 * x * x - 2))


@inline
def value(x: Any) -> Any:
    """e^(−x²)."""
    return exp(-(x * x))


@inline
def derivative(x: Any, y: Any) -> Any:
    """−2·x·y, from the output."""
    return -2.0 * x * y


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """y·(4x² − 2), from the output."""
    return y * (4.0 * x * x - 2.0)


LOOPS = elementwise_loops(value, derivative, second_derivative)
