"""Identity: hands its input on; a branch that leaves the input as it is, or a linear activation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.layers._elementwise import elementwise
from nnplay.records.layer import Case, LayerRecord
from nnplay.records.twin import Twin

Array = NDArray[Any]


@inline
def value(x: Any) -> Any:
    """x itself."""
    return x


@inline
def derivative(x: Any, y: Any) -> Any:
    """1 everywhere."""
    return 1.0


def reference(x: Array) -> Array:
    return x.copy()


def slope(x: Array, y: Array) -> Array:
    return np.ones_like(x)


IDENTITY = LayerRecord(
    name="identity",
    title="Identity",
    family="activation",
    about="Hands its input on unchanged: the skip of a residual block, or no activation at all.",
    torch="Identity",
    twin=Twin("nn.Identity"),
    plan=elementwise(
        "identity",
        value=value,
        derivative=derivative,
        reference=reference,
        slope=slope,
        formula="y = x",
        formula_back="dx = dy",
        words="Hands its input on unchanged.",
        words_back="The gradient passes unchanged.",
        torch="torch.nn.Identity",
    ),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)
