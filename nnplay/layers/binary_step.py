"""Step: 0 or 1, with a gradient that passes as if it were a straight line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape

Array = NDArray[Any]


BINARY_STEP = LayerRecord(
    name="binary_step",
    title="Binary step",
    family="activation",
    about="1 for positive values, 0 for all others; the gradient passes straight through (Bengio et al., 2013).",
    when="For units that decide yes or no, as in binary networks.",
    initial="xavier_uniform",
    fields=(
        number(
            "window", 1.0, "the gradient passes where |x| is at most this", low=0.0, above=True, high=1e6, live=True
        ),
    ),
    torch="(x > 0).float(), with a gradient of its own",
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,), exact=False), Case({"window": 0.3}, (3, 4, 2), exact=False)),
    refused=(Refused({"window": 0}, (5,), "> 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "binary_step",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        settings=("window",),
        formula="y = 1 where x > 0, else 0",
        formula_back="dx = dy where |x| ≤ window, else 0",
        words="Decides: on or off.",
        words_back="A step has no slope, so the gradient passes straight through where the decision was close.",
        torch="(x > 0).float()",
    )


def reference(x: Array, window: Array) -> Array:
    return np.where(x > 0, 1, 0 * x)


def slope(x: Array, y: Array, window: Array) -> Array:
    return np.where(np.abs(x) <= window, 1, 0)


@inline
def value(x: Any, window: Any) -> Any:
    """1 where x is positive, else 0; NaN stays NaN."""
    return 1.0 if x > 0.0 else 0.0 * x


@inline
def derivative(x: Any, y: Any, window: Any) -> Any:
    """1 within the window, else 0."""
    return 1.0 if abs(x) <= window else 0.0


LOOPS = elementwise_loops(value, derivative, settings=1)
