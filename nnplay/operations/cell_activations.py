"""Activations that a recurrent cell can have: their names, values and slopes; kernels know them by number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnplay.kernels import bending
from nnplay.records.worked import Term, apply


@dataclass(frozen=True, slots=True)
class CellActivation:
    """One of them.

    Attributes:
        number: as in `nnplay.kernels.bending`.
        value: of a sum.
        slope: where the value is given.
        shown: the slope at a value h as formulas show it; empty where it is 1.
    """

    number: int
    value: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    shown: str


def logistic(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), without overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


ACTIVATIONS: Final = {
    "tanh": CellActivation(bending.TANH, np.tanh, lambda h: 1 - h * h, "(1 − h²)"),
    "relu": CellActivation(
        bending.RELU, lambda x: np.maximum(x, 0), lambda h: np.where(h > 0, 1.0, 0.0), "(1 where h > 0, else 0)"
    ),
    "sigmoid": CellActivation(bending.SIGMOID, logistic, lambda h: h * (1 - h), "h(1 − h)"),
    "hard_sigmoid": CellActivation(
        bending.HARD_SIGMOID,
        lambda x: np.clip(x / 6 + 0.5, 0, 1),
        lambda h: np.where((h > 0) & (h < 1), 1 / 6, 0.0),
        "(1/6 where 0 < h < 1, else 0)",
    ),
    "softsign": CellActivation(
        bending.SOFTSIGN, lambda x: x / (1 + np.abs(x)), lambda h: (1 - np.abs(h)) ** 2, "(1 − |h|)²"
    ),
    "identity": CellActivation(bending.IDENTITY, lambda x: x, lambda h: np.ones_like(h), ""),
}
#: Those whose values are between 0 and 1, as a gate's must be.
GATE_ACTIVATIONS: Final = ("sigmoid", "hard_sigmoid")


def sign_of(name: str) -> str:
    """An activation as formulas write it."""
    return "σ" if name == "sigmoid" else name


def bent(name: str, of: Term) -> Term:
    """The activation of one number, worked out."""
    value = ACTIVATIONS[name].value
    return apply(sign_of(name), lambda x: float(value(np.float64(x))), of)


def slope_at(name: str, value: Term) -> Term:
    """The slope of the activation where its value is given, worked out."""
    slope = ACTIVATIONS[name].slope
    return apply(f"{sign_of(name)}′", lambda h: float(slope(np.float64(h))), value)
