"""Threshold: numbers that do not exceed a limit are replaced by one value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments

Array = NDArray[Any]


THRESHOLD = LayerRecord(
    name="threshold",
    title="Threshold",
    family="activation",
    about="Keeps values above a threshold and puts one fixed value in place of all others.",
    when="To cut off what is too weak to count.",
    initial="he_uniform",
    fields=(
        number("threshold", 1.0, "values up to this one are replaced", low=-1e6, high=1e6, live=True),
        number("value", 0.0, "what replaces them", low=-1e6, high=1e6, live=True),
    ),
    traits=Traits(change="pieces"),
    torch="Threshold",
    twin=Twin("nn.Threshold", same_arguments),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({"threshold": -0.5, "value": 2}, (3, 4, 2))),
    refused=(Refused({"value": "none"}, (5,), "not a number"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "threshold",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        settings=(
            "threshold",
            "value",
        ),
        formula="y = x where x > threshold, else value",
        formula_back="dx = dy where x > threshold, else 0",
        words="Keeps what exceeds the threshold and replaces the rest.",
        words_back="The gradient passes only where the value did.",
        torch="torch.nn.functional.threshold",
    )


def reference(x: Array, threshold: Array, replaced: Array) -> Array:
    return np.where(x <= threshold, replaced, x)


def slope(x: Array, y: Array, threshold: Array, replaced: Array) -> Array:
    return np.where(x > threshold, 1, 0)


@inline
def value(x: Any, threshold: Any, replaced: Any) -> Any:
    """x above the threshold, else the replacement; NaN stays NaN."""
    return replaced if x <= threshold else x


@inline
def derivative(x: Any, y: Any, threshold: Any, replaced: Any) -> Any:
    """1 above the threshold, else 0."""
    return 1.0 if x > threshold else 0.0


LOOPS = elementwise_loops(value, derivative, settings=2)
