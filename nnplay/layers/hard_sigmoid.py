"""Hard sigmoid: a sigmoid made of three lines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Traits
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


HARD_SIGMOID = LayerRecord(
    name="hard_sigmoid",
    title="HardSigmoid",
    family="activation",
    about="A sigmoid made of three lines: 0 below −3, 1 above 3, straight between.",
    when="For gates in small, fast networks, as in MobileNetV3.",
    initial="xavier_uniform",
    traits=Traits(bounds=lambda values: (0.0, 1.0), change="pieces"),
    torch="Hardsigmoid",
    twin=Twin("nn.Hardsigmoid"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "hard_sigmoid",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        formula="y = min(max((x + 3) / 6, 0), 1)",
        formula_back="dx = dy / 6 where −3 < x < 3, else 0",
        words="Squeezes values into 0 … 1 with straight lines; 0 becomes one half.",
        words_back="The gradient passes between −3 and 3. A unit beyond them learns nothing: it is saturated.",
        torch="torch.nn.functional.hardsigmoid",
    )


def reference(x: Array) -> Array:
    return np.clip((x + 3) / 6, 0, 1)


def slope(x: Array, y: Array) -> Array:
    return np.where((x > -3) & (x < 3), 1 / 6, 0)


@inline
def value(x: Any) -> Any:
    """(x + 3) / 6, between 0 and 1; NaN stays NaN."""
    return 0.0 if x <= -3.0 else (1.0 if x >= 3.0 else (x + 3.0) / 6.0)


@inline
def derivative(x: Any, y: Any) -> Any:
    """1/6 between −3 and 3, else 0."""
    return 0.16666666666666666 if x > -3.0 and x < 3.0 else 0.0


LOOPS = elementwise_loops(value, derivative)
