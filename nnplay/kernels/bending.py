"""Activations of recurrent cells that a row chooses by number: `nnplay.operations.cell_activations` has their names."""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import sigmoid, tanh

TANH: Final = 0
RELU: Final = 1
SIGMOID: Final = 2
HARD_SIGMOID: Final = 3
SOFTSIGN: Final = 4
IDENTITY: Final = 5


@inline
def bend(kind: int, z: Any, H: int) -> None:
    """z (H) ← activation number `kind` of z, in place; NaN stays NaN."""
    if kind == TANH:
        for j in range(H):
            z[j] = tanh(z[j])
    elif kind == RELU:
        for j in range(H):
            z[j] = 0.0 if z[j] <= 0.0 else z[j]
    elif kind == SIGMOID:
        for j in range(H):
            z[j] = sigmoid(z[j])
    elif kind == HARD_SIGMOID:
        for j in range(H):
            rising = z[j] * 0.16666666666666666 + 0.5
            rising = 0.0 if rising < 0.0 else rising
            z[j] = 1.0 if rising > 1.0 else rising
    elif kind == SOFTSIGN:
        for j in range(H):
            z[j] = z[j] / (1.0 + abs(z[j]))


@inline
def slope(kind: int, y: Any) -> Any:
    """The slope of activation number `kind` where its value is y."""
    if kind == TANH:
        return 1.0 - y * y
    if kind == RELU:
        return 1.0 if y > 0.0 else 0.0
    if kind == SIGMOID:
        return y * (1.0 - y)
    if kind == HARD_SIGMOID:
        return 0.16666666666666666 if y > 0.0 and y < 1.0 else 0.0
    if kind == SOFTSIGN:
        left = 1.0 - abs(y)
        return left * left
    return 1.0
