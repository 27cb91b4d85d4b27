"""ReLU6: a ReLU that is cut off at 6."""

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


RELU6 = LayerRecord(
    name="relu6",
    title="ReLU6",
    family="activation",
    about="A ReLU whose outputs stop at 6, as in MobileNet (Howard et al., 2017).",
    when="In small networks that shall run with few bits: the outputs stay between 0 and 6.",
    initial="he_uniform",
    traits=Traits(rectifies=True, bounds=lambda values: (0.0, 6.0), change="pieces"),
    torch="ReLU6",
    twin=Twin("nn.ReLU6"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "relu6",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        formula="y = min(max(x, 0), 6)",
        formula_back="dx = dy where 0 < x < 6, else 0",
        words="Keeps values between 0 and 6 and clips the others.",
        words_back="The gradient passes between 0 and 6. A unit at either end learns nothing from this row.",
        torch="torch.nn.functional.relu6",
    )


def reference(x: Array) -> Array:
    return np.clip(x, 0, 6)


def slope(x: Array, y: Array) -> Array:
    return np.where((x > 0) & (x < 6), 1, 0)


@inline
def value(x: Any) -> Any:
    """x between 0 and 6, else the nearer of them; NaN stays NaN."""
    return 0.0 if x <= 0.0 else (6.0 if x >= 6.0 else x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """1 between 0 and 6, else 0."""
    return 1.0 if x > 0.0 and x < 6.0 else 0.0


LOOPS = elementwise_loops(value, derivative)
