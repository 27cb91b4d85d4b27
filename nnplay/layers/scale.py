"""Scale: every number times a constant."""

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


SCALE = LayerRecord(
    name="scale",
    title="Scale",
    family="shape",
    about="Multiplies every value by a constant, to rescale inputs or to weaken a branch.",
    when="To weaken a branch, or to bring inputs such as 0 to 255 into range.",
    torch="factor * x",
    twin=Twin("mul", lambda values, shape: {"other": values["factor"]}),
    fields=(number("factor", 1.0, "constant to multiply by", live=True),),
    plan=lambda values, shape: plan(values, shape),
    traits=Traits(each_step=True, change="linear"),
    cases=(Case({"factor": 0.5}, (5,)), Case({"factor": -2}, (3, 4, 2)), Case({}, (17,))),
    refused=(Refused({"factor": "double"}, (5,), "not a number"), Refused({"factor": "inf"}, (5,), "not a number")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "scale",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        settings=("factor",),
        formula="y = factor·x",
        formula_back="dx = factor·dy",
        words="Multiplies every value by a constant.",
        words_back="The gradient is scaled by the same constant.",
        torch="torch.mul",
    )


def reference(x: Array, factor: Array) -> Array:
    return np.asarray(factor * x)


def slope(x: Array, y: Array, factor: Array) -> Array:
    return np.asarray(factor + 0 * x)


@inline
def value(x: Any, factor: Any) -> Any:
    """factor·x."""
    return factor * x


@inline
def derivative(x: Any, y: Any, factor: Any) -> Any:
    """The factor."""
    return factor


LOOPS = elementwise_loops(value, derivative, settings=1)
