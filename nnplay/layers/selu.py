"""SELU: an ELU of one fixed size that keeps the mean near 0 and the deviation near 1."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.expm1 import expm1
from nnplay.layers._elementwise import Elementwise, elementwise, elementwise_loops
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

Array = NDArray[Any]

_SCALE = 1.0507009873554805  # λ
_FLOOR = 1.7580993408473766  # λ·α


SELU = LayerRecord(
    name="selu",
    title="SELU",
    family="activation",
    about="Keeps values near mean 0 and deviation 1 from layer to layer (Klambauer et al., 2017).",
    when="In deep networks of linear layers without normalisation; init=auto suits it.",
    initial="lecun_normal",
    torch="SELU",
    twin=Twin("nn.SELU"),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number; no parameters."""
    return _operations().plan(shape)


@cache
def _operations() -> Elementwise:
    return elementwise(
        "selu",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        second_slope=second_slope,
        formula="y = λ·x where x > 0, else λ·α·(eˣ − 1), with λ = 1.0507 and α = 1.6733",
        formula_back="dx = λ·dy where x > 0, else dy·(y + λ·α)",
        formula_second="dx = f″·change·dy, with f″ = 0 where x > 0, else y + λ·α",
        words="Stretches positive values and lets negative ones approach a floor: mean and deviation become 0 and 1.",
        words_back="The gradient fades on the negative side instead of stopping.",
        torch="torch.nn.functional.selu",
    )


def reference(x: Array) -> Array:
    return np.where(x > 0, _SCALE * x, _FLOOR * np.expm1(np.minimum(x, 0)))


def slope(x: Array, y: Array) -> Array:
    return np.where(x > 0, _SCALE, y + _FLOOR)


def second_slope(x: Array, y: Array) -> Array:
    return np.where(x > 0, 0, y + _FLOOR)


@inline
def value(x: Any) -> Any:
    """λ·x where positive, else λ·α·(eˣ − 1)."""
    return 1.0507009873554805 * x if x > 0.0 else 1.7580993408473766 * expm1(x)


@inline
def derivative(x: Any, y: Any) -> Any:
    """λ where x is positive, else λ·α·eˣ, which is y + λ·α."""
    return 1.0507009873554805 if x > 0.0 else y + 1.7580993408473766


@inline
def second_derivative(x: Any, y: Any) -> Any:
    """0 where x is positive, else λ·α·eˣ, which is y + λ·α."""
    return 0.0 if x > 0.0 else y + 1.7580993408473766


LOOPS = elementwise_loops(value, derivative, second_derivative)
