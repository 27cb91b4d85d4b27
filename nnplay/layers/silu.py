"""SiLU: x times its own sigmoid (Elfwing et al., 2018); also called swish."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import sigmoid
from nnplay.layers._elementwise import elementwise
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, LayerRecord
from nnplay.records.twin import Twin

Array = NDArray[Any]


@inline
def value(x: Any) -> Any:
    """x·sigmoid(x)."""
    return x * sigmoid(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """s·(1 + x·(1 − s)), with s = sigmoid(x)."""
    s = sigmoid(x)
    return s * (1.0 + x * (1.0 - s))


def reference(x: Array) -> Array:
    return np.asarray(x * sigmoid_of(x))


def slope(x: Array, y: Array) -> Array:
    s = sigmoid_of(x)
    return np.asarray(s * (1 + x * (1 - s)))


SILU = LayerRecord(
    name="silu",
    title="SiLU",
    family="activation",
    about="Sigmoid linear unit, or swish: a smooth ReLU with a small dip below 0.",
    initial="he_uniform",
    torch="SiLU",
    twin=Twin("nn.SiLU"),
    plan=elementwise(
        "silu",
        value=value,
        derivative=derivative,
        reference=reference,
        slope=slope,
        formula="y = x·sigmoid(x)",
        formula_back="dx = dy·s·(1 + x·(1 − s)), with s = sigmoid(x)",
        words="Lets a number through as far as its own sigmoid says: large ones fully, negative ones hardly.",
        words_back="The gradient passes smoothly; there is no edge as in ReLU.",
        torch="torch.nn.functional.silu",
    ),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)
