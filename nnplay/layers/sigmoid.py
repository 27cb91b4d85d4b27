"""Sigmoid: squeezes every number into 0 … 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import sigmoid
from nnplay.layers._elementwise import elementwise
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, LayerRecord, Traits
from nnplay.records.twin import Twin

Array = NDArray[Any]


@inline
def value(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return sigmoid(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """y·(1 − y), from the output."""
    return y * (1.0 - y)


def reference(x: Array) -> Array:
    return sigmoid_of(x)


def slope(x: Array, y: Array) -> Array:
    return np.asarray(y * (1 - y))


SIGMOID = LayerRecord(
    name="sigmoid",
    title="Sigmoid",
    family="activation",
    about="An S-curve between 0 and 1: turns one output into a probability, or opens and closes a gate.",
    initial="xavier_uniform",
    traits=Traits(bounds=lambda values: (0.0, 1.0)),
    torch="Sigmoid",
    twin=Twin("nn.Sigmoid"),
    plan=elementwise(
        "sigmoid",
        value=value,
        derivative=derivative,
        reference=reference,
        slope=slope,
        formula="y = 1 / (1 + e⁻ˣ)",
        formula_back="dx = dy·y·(1 − y)",
        words="Squeezes numbers smoothly into 0 … 1; 0 becomes one half.",
        words_back="The slope is at most one quarter, so gradients shrink with every sigmoid layer that they pass.",
        torch="torch.sigmoid",
    ),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)
