"""Hardtanh: numbers beyond a limit are cut to it."""

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
from nnplay.records.twin import Twin

Array = NDArray[Any]


HARDTANH = LayerRecord(
    name="hardtanh",
    title="Hardtanh",
    family="activation",
    about="Straight between two limits and flat beyond them: a tanh made of three lines.",
    when="When outputs must stay within limits, and speed counts.",
    initial="xavier_uniform",
    traits=Traits(bounds=lambda values: (-values["limit"], values["limit"]), change="pieces"),
    torch="Hardtanh",
    twin=Twin("nn.Hardtanh", lambda values, shape: {"min_val": -values["limit"], "max_val": values["limit"]}),
    fields=(number("limit", 1.0, "largest magnitude of an output", low=0.0, above=True, high=1e6, live=True),),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({"limit": 0.5}, (3, 4, 2)), Case({"limit": 2.5}, (33,))),
    refused=(Refused({"limit": 0}, (5,), "> 0"), Refused({"limit": "far"}, (5,), "not a number")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "hardtanh",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        settings=("limit",),
        formula="y = min(max(x, -limit), limit)",
        formula_back="dx = dy where -limit < x < limit, else 0",
        words="Leaves values between the limits as they are and clips the others.",
        words_back="The gradient passes between the limits. A unit beyond them learns nothing: it is saturated.",
        torch="torch.nn.functional.hardtanh(x, -limit, limit)",
    )


def reference(x: Array, limit: Array) -> Array:
    return np.clip(x, -limit, limit)


def slope(x: Array, y: Array, limit: Array) -> Array:
    return np.where(np.abs(x) < limit, 1, 0)


@inline
def value(x: Any, limit: Any) -> Any:
    """x between -limit and limit; NaN stays NaN."""
    return limit if x > limit else (-limit if x < -limit else x)


@inline
def derivative(x: Any, y: Any, limit: Any) -> Any:
    """1 between the limits, else 0."""
    return 1.0 if abs(x) < limit else 0.0


LOOPS = elementwise_loops(value, derivative, settings=1)
