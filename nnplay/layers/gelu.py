"""GELU: x times the probability that a normal number is below it (Hendrycks and Gimpel, 2016)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import exp, tanh
from nnplay.kernels.gelu import gelu, gelu_slope
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments

Array = NDArray[Any]

_ROOT_HALF = 0.7071067811865476  # 1 / √2
_DENSITY = 0.3989422804014327  # 1 / √(2π)
_TANH_SCALE = 0.7978845608028654  # √(2/π)


_erfc = np.vectorize(math.erfc, otypes=[float])


GELU = LayerRecord(
    name="gelu",
    title="GELU",
    family="activation",
    about="Gaussian error linear unit: a smooth ReLU, the usual choice inside transformers.",
    when="Inside transformers and other very deep networks.",
    initial="he_uniform",
    fields=(
        choice("approximate", "none", "the exact curve (none), or the tanh approximation of GPT-2", ("none", "tanh")),
    ),
    torch="GELU",
    twin=Twin("nn.GELU", same_arguments),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2)), Case({"approximate": "tanh"}, (17,))),
    refused=(Refused({"approximate": "sin"}, (5,), "one of none, tanh"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return (_by_tanh() if values["approximate"] == "tanh" else _exact()).plan(shape)


@cache
def _exact() -> Elementwise:
    return elementwise(
        "gelu",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = x·Φ(x) = ½x·(1 + erf(x/√2))",
        formula_back="dx = dy·(Φ(x) + x·φ(x)), with the normal density φ",
        formula_second="dx = f″·change·dy, with f″ = (2 − x²)·φ(x)",
        words=(
            "Weights each value by the chance that a random normal one is smaller: large ones pass, small ones "
            "fade out."
        ),
        words_back="The gradient passes smoothly, with a small dip below 0.",
        torch="torch.nn.functional.gelu",
    )


@cache
def _by_tanh() -> Elementwise:
    return elementwise(
        "gelu (tanh)",
        loops=LOOPS_TANH,
        reference=reference_tanh,
        slope=slope_tanh,
        second_slope=second_slope_tanh,
        formula="y = ½x·(1 + tanh(√(2/π)·(x + 0.044715x³)))",
        formula_back="dx = dy·(½(1 + t) + ½x·(1 − t²)·√(2/π)·(1 + 0.134145x²)), with t the tanh",
        formula_second="dx = f″·change·dy, with f″ = (1 − t²)·(u + x·(½u′ − t·u²)), t = tanh(v), u = dv/dx",
        words="GELU with its S-curve approximated by tanh, as in GPT-2: nearly the same values.",
        words_back="The gradient passes smoothly, with a small dip below 0.",
        torch="torch.nn.functional.gelu(x, approximate='tanh')",
    )


def reference(x: Array) -> Array:
    return np.asarray(0.5 * x * _erfc(-x * _ROOT_HALF))


def slope(x: Array, y: Array) -> Array:
    return np.asarray(0.5 * _erfc(-x * _ROOT_HALF) + x * _DENSITY * np.exp(-0.5 * x * x))


def second_slope(x: Array, y: Array) -> Array:
    return np.asarray((2 - x * x) * _DENSITY * np.exp(-0.5 * x * x))


def reference_tanh(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(_TANH_SCALE * (x + 0.044715 * x**3))))


def slope_tanh(x: Array, y: Array) -> Array:
    t = np.tanh(_TANH_SCALE * (x + 0.044715 * x**3))
    return np.asarray(0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _TANH_SCALE * (1 + 0.134145 * x * x))


def second_slope_tanh(x: Array, y: Array) -> Array:
    t = np.tanh(_TANH_SCALE * (x + 0.044715 * x**3))
    u = _TANH_SCALE * (1 + 0.134145 * x * x)
    return np.asarray((1 - t * t) * (u + x * (0.134145 * _TANH_SCALE * x - t * u * u)))


@inline
def value(x: Any) -> Any:
    """x·Φ(x)."""
    return gelu(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """Φ(x) + x·φ(x)."""
    return gelu_slope(x)


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """(2 − x²)·φ(x)."""
    return (2.0 - x * x) * 0.3989422804014327 * exp(-0.5 * x * x)


@inline
def value_tanh(x: Any) -> Any:
    """½x·(1 + tanh(√(2/π)·(x + 0.044715x³)))."""
    return 0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


@inline
def derivative_tanh(x: Any, y: Any) -> Any:
    """The derivative of the same."""
    t = tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608028654 * (1.0 + 0.134145 * x * x)


@inline
def second_derivative_tanh(x: Any, y: Any) -> Any:
    """(1 − t²)·(u + x·(½u′ − t·u²)), with t the tanh and u the derivative of what stands in it."""
    t = tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))
    u = 0.7978845608028654 * (1.0 + 0.134145 * x * x)
    return (1.0 - t * t) * (u + x * (0.134145 * 0.7978845608028654 * x - t * u * u))


LOOPS = elementwise_loops(value, derivative, second_derivative)
LOOPS_TANH = elementwise_loops(value_tanh, derivative_tanh, second_derivative_tanh)
