"""Clamp: numbers below one limit or above another are cut to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments

Array = NDArray[Any]


CLAMP = LayerRecord(
    name="clamp",
    title="Clamp",
    family="activation",
    about="Cuts values to a range whose two ends you choose.",
    when="When outputs must stay within limits that are not the same on both sides.",
    initial="xavier_uniform",
    fields=(
        number("min_val", -1.0, "smallest output", low=-1e6, high=1e6, live=True),
        number("max_val", 1.0, "largest output", low=-1e6, high=1e6, live=True),
    ),
    traits=Traits(bounds=lambda values: (values["min_val"], values["max_val"]), change="pieces"),
    torch="Hardtanh(min_val, max_val)",
    twin=Twin("nn.Hardtanh", same_arguments),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({"min_val": -0.5, "max_val": 2}, (3, 4, 2))),
    refused=(
        Refused({"min_val": 2, "max_val": 1}, (5,), "min_val is 2, max_val 1"),
        Refused({"min_val": "low"}, (5,), "not a number"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters.

    Raises:
        InputError: the limits are the same, or the wrong way round.
    """
    low, high = values["min_val"], values["max_val"]
    if low >= high:
        raise InputError(f"min_val is {low:g}, max_val {high:g}", hint="make max_val the larger one")
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "clamp",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        settings=(
            "min_val",
            "max_val",
        ),
        formula="y = min(max(x, min_val), max_val)",
        formula_back="dx = dy where min_val < x < max_val, else 0",
        words="Leaves values between the limits as they are and clips the others.",
        words_back="The gradient passes between the limits. A unit beyond them learns nothing: it is saturated.",
        torch="torch.clamp",
    )


def reference(x: Array, min_val: Array, max_val: Array) -> Array:
    return np.minimum(np.maximum(x, min_val), max_val)


def slope(x: Array, y: Array, min_val: Array, max_val: Array) -> Array:
    return np.where((x > min_val) & (x < max_val), 1, 0)


@inline
def value(x: Any, min_val: Any, max_val: Any) -> Any:
    """x between the limits, else the nearer of them; NaN stays NaN."""
    return max_val if x > max_val else (min_val if x < min_val else x)


@inline
def derivative(x: Any, y: Any, min_val: Any, max_val: Any) -> Any:
    """1 between the limits, else 0."""
    return 1.0 if x > min_val and x < max_val else 0.0


LOOPS = elementwise_loops(value, derivative, settings=2)
