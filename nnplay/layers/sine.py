"""Sine: the activation of networks that draw fine detail (Sitzmann et al., 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.trigonometry import cosine, sine
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]


SINE = LayerRecord(
    name="sine",
    title="Sine",
    family="activation",
    about="sin(omega·x), the activation of SIREN networks, which can follow signals with fine detail.",
    when="To fit a picture, a sound or a wave by a function of its coordinates; see help for the initial weights.",
    initial="siren",
    fields=(
        number(
            "omega",
            30.0,
            "frequency; init=auto draws weights for 30",
            low=0.0,
            above=True,
            high=1e4,
            live=True,
        ),
    ),
    torch="sin(omega * x)",
    twin=Twin("sin", covers=lambda values, shape: values["omega"] == 1),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({"omega": 1}, (3, 4, 2))),
    refused=(Refused({"omega": 0}, (5,), "> 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "sine",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        settings=("omega",),
        formula="y = sin(ω·x)",
        formula_back="dx = dy·ω·cos(ω·x)",
        formula_second="dx = f″·change·dy, with f″ = −ω²·y",
        words="Waves instead of a curve with two ends, so that a few units can draw fine detail.",
        words_back="The gradient is a wave too: it never fades, whatever the size of x.",
        torch="torch.sin(omega * x)",
    )


def reference(x: Array, omega: Array) -> Array:
    return np.asarray(np.sin(omega * x))


def slope(x: Array, y: Array, omega: Array) -> Array:
    return np.asarray(omega * np.cos(omega * x))


def second_slope(x: Array, y: Array, omega: Array) -> Array:
    return np.asarray(-omega * omega * y)


@inline
def value(x: Any, omega: Any) -> Any:
    """sin(omega·x)."""
    return sine(omega * x)


@inline
def derivative(x: Any, y: Any, omega: Any) -> Any:
    """omega·cos(omega·x)."""
    return omega * cosine(omega * x)


@inline
def second_derivative(x: Any, y: Any, omega: Any) -> Any:
    """−omega²·y, from the output."""
    return -omega * omega * y


LOOPS = elementwise_loops(value, derivative, second_derivative, settings=1)
