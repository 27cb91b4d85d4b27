"""Hard swish: x times a hard sigmoid, SiLU without an exponential."""

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


HARD_SWISH = LayerRecord(
    name="hard_swish",
    title="HardSwish",
    family="activation",
    about="x times a hard sigmoid: nearly SiLU, but without an exponential (Howard et al., 2019).",
    when="In small, fast convolutional networks, as in MobileNetV3.",
    initial="he_uniform",
    torch="Hardswish",
    twin=Twin("nn.Hardswish"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "hard_swish",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = x·min(max((x + 3) / 6, 0), 1)",
        formula_back="dx = dy where x ≥ 3, 0 where x ≤ −3, else dy·(2x + 3) / 6",
        formula_second="dx = f″·change·dy, with f″ = 1/3 where −3 < x < 3, else 0",
        words="Keeps large values, drops very negative ones, and bends gently between.",
        words_back="The gradient passes above −3, turned round a little just below −1.5.",
        torch="torch.nn.functional.hardswish",
    )


def reference(x: Array) -> Array:
    return x * np.clip((x + 3) / 6, 0, 1)


def slope(x: Array, y: Array) -> Array:
    return np.where(x >= 3, 1, np.where(x <= -3, 0, (2 * x + 3) / 6))


def second_slope(x: Array, y: Array) -> Array:
    return np.where((x > -3) & (x < 3), 1 / 3, 0)


@inline
def value(x: Any) -> Any:
    """x·(x + 3) / 6 between −3 and 3, beyond them 0 and x; NaN stays NaN."""
    return 0.0 if x <= -3.0 else (x if x >= 3.0 else x * (x + 3.0) / 6.0)


@inline
def derivative(x: Any, y: Any) -> Any:
    """(2x + 3) / 6 between −3 and 3, beyond them 0 and 1."""
    return 1.0 if x >= 3.0 else (0.0 if x <= -3.0 else (2.0 * x + 3.0) / 6.0)


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """1/3 between −3 and 3, else 0."""
    return 0.3333333333333333 if x > -3.0 and x < 3.0 else 0.0


LOOPS = elementwise_loops(value, derivative, second_derivative)
