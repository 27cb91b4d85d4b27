"""Softplus: a smooth ReLU whose outputs are positive."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import sigmoid, softplus
from nnplay.layers._elementwise import elementwise
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, LayerRecord
from nnplay.records.twin import Twin

Array = NDArray[Any]


@inline
def value(x: Any) -> Any:
    """log(1 + eˣ); NaN stays NaN."""
    return softplus(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """sigmoid(x)."""
    return sigmoid(x)


def reference(x: Array) -> Array:
    return np.logaddexp(0, x)


def slope(x: Array, y: Array) -> Array:
    return sigmoid_of(x)


SOFTPLUS = LayerRecord(
    name="softplus",
    title="Softplus",
    family="activation",
    about="A smooth ReLU; its outputs are always positive, as a variance or a rate must be.",
    initial="he_uniform",
    torch="Softplus",
    twin=Twin("nn.Softplus"),
    plan=elementwise(
        "softplus",
        value=value,
        derivative=derivative,
        reference=reference,
        slope=slope,
        formula="y = log(1 + eˣ)",
        formula_back="dx = dy·sigmoid(x)",
        words="Bends smoothly from 0 on the left to x on the right.",
        words_back="The slope of softplus is the sigmoid: nearly 0 on the left, nearly 1 on the right.",
        torch="torch.nn.functional.softplus",
    ),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)
