"""Identity: hands its input on; a branch that leaves the input as it is, or a linear activation."""

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


IDENTITY = LayerRecord(
    name="identity",
    title="Identity",
    family="activation",
    about="Passes its input on unchanged: the skip of a residual block, or no activation at all.",
    when="As the skip of a residual block, or to switch an activation off.",
    torch="Identity",
    twin=Twin("nn.Identity"),
    traits=Traits(change="linear"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "identity",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        formula="y = x",
        formula_back="dx = dy",
        words="Passes its input on unchanged.",
        words_back="The gradient passes unchanged.",
        torch="torch.nn.Identity",
    )


def reference(x: Array) -> Array:
    return x.copy()


def slope(x: Array, y: Array) -> Array:
    return np.ones_like(x)


@inline
def value(x: Any) -> Any:
    """x itself."""
    return x


@inline
def derivative(x: Any, y: Any) -> Any:
    """1 everywhere."""
    return 1.0


LOOPS = elementwise_loops(value, derivative)
