"""ReLU: negative numbers become 0."""

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


RELU = LayerRecord(
    name="relu",
    title="ReLU",
    family="activation",
    about="Rectified linear unit: keeps what is positive. Cheap, and the usual choice inside deep networks.",
    when="The default for hidden layers, and the first to try in deep networks.",
    initial="he_uniform",
    traits=Traits(rectifies=True, change="pieces"),
    torch="ReLU",
    twin=Twin("nn.ReLU"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "relu",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        formula="y = max(0, x)",
        formula_back="dx = dy where x > 0, else 0",
        words="Keeps positive values and sets the others to 0, so that layers can bend space.",
        words_back="The gradient passes where the unit was on. A unit off for every row learns nothing: a dead ReLU.",
        torch="torch.nn.functional.relu",
    )


def reference(x: Array) -> Array:
    return np.maximum(x, 0)


def slope(x: Array, y: Array) -> Array:
    return np.where(x > 0, 1, 0)


@inline
def value(x: Any) -> Any:
    """x where positive, else 0; NaN stays NaN."""
    return 0.0 if x <= 0.0 else x


@inline
def derivative(x: Any, y: Any) -> Any:
    """1 where x is positive, else 0."""
    return 1.0 if x > 0.0 else 0.0


LOOPS = elementwise_loops(value, derivative)
