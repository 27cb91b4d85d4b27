"""Surface: two weights and their height on a test function of optimization, so that optimizers can be watched."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import choice, number
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.operands import adds, flat, integer, rows_of
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]
#: The test functions, each with its lowest value 0.
KINDS: Final = ("rosenbrock", "beale", "saddle", "ravine", "bowl")

SURFACE = LayerRecord(
    name="surface",
    title="Surface",
    family="linear",
    about="Answers the height of a test function at its two weights; training with the loss mae goes downhill there.",
    when="To watch optimizers on a picture: Rosenbrock's valley, Beale's plain, a saddle, a ravine, a noisy bowl.",
    torch="a user writes it as a function of a parameter",
    fields=(
        choice("kind", "rosenbrock", "the test function; the bowl's middle is at each row's input", KINDS),
        number("x", -1.2, "first weight at the start"),
        number("y", 1.0, "second weight at the start"),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=tuple(Case({"kind": kind, "x": 0.7, "y": -0.4}, (2,)) for kind in KINDS),
    refused=(
        Refused({"kind": "hill"}, (2,), "one of rosenbrock"),
        Refused({}, (3,), "takes two inputs"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, 2) → (N, 1): the height at weight (2,), for the bowl at weight − x[n]."""
    if shape != (2,):
        raise InputError("takes two inputs, which only the bowl looks at", hint='give it data = "surface"')
    kind = {"kind": KINDS.index(values["kind"])}
    return Plan(
        output=(1,),
        parameters={
            "weight": Parameter((2,), "zeros", raised=((0, 1, float(values["x"])), (1, 2, float(values["y"]))))
        },
        forward=(Use(_forward(), kind),),
        backward=(Use(_backward(), kind), Use(_input_backward(), kind)),
        multiply_adds=8,
    )


@cache
def _forward() -> Operation:
    return Operation(
        name="height",
        kernel=height_rows,
        cuda=(CudaRow(height_rows, once),),
        reads=("x", "weight"),
        writes=("y",),
        reference=lambda x, weight, kind: _heights(x, weight, kind)[:, None],
        formula="y[n] = f(weight), or (weight − x[n])² for the bowl",
        words="The height of the surface where the two weights are.",
        element=_height_element,
        integers=("kind",),
        torch="",
    )


@cache
def _backward() -> Operation:
    return Operation(
        name="slope of the surface",
        kernel=slope_rows,
        cuda=(CudaRow(slope_rows, once),),
        reads=("x", "weight", "dy"),
        writes=("dweight",),
        reference=_slopes,
        formula="dweight = Σₙ dy[n]·f′(weight)",
        words="How steep the surface is in both directions.",
        element=_slope_element,
        integers=("kind",),
        torch="autograd",
    )


@cache
def _input_backward() -> Operation:
    return Operation(
        name="slope at the input",
        kernel=input_slope_rows,
        cuda=(CudaRow(input_slope_rows, once),),
        reads=("x", "weight", "dy"),
        writes=("dx",),
        reference=_input_slopes,
        formula="dx[n] = −dy[n]·f′(weight − x[n]) for the bowl, else 0",
        words="Only the bowl depends on the input, which moves its middle.",
        element=_input_slope_element,
        integers=("kind",),
        torch="autograd",
    )


@inline
def height(kind: int, a: Any, b: Any) -> Any:
    """f(a, b)."""
    if kind == 0:
        return (1.0 - a) * (1.0 - a) + 100.0 * (b - a * a) * (b - a * a)
    if kind == 1:
        p, q, r = 1.5 - a + a * b, 2.25 - a + a * b * b, 2.625 - a + a * b * b * b
        return p * p + q * q + r * r
    if kind == 2:
        return a * a + 0.25 * (b * b - 2.0) * (b * b - 2.0)
    if kind == 3:
        return 0.5 * a * a + 50.0 * b * b
    return a * a + b * b


@inline
def slope(kind: int, a: Any, b: Any) -> Any:
    """Both partial derivatives of f at (a, b)."""
    if kind == 0:
        steep = 200.0 * (b - a * a)
        return 2.0 * (a - 1.0) - 2.0 * a * steep, steep
    if kind == 1:
        p, q, r = 1.5 - a + a * b, 2.25 - a + a * b * b, 2.625 - a + a * b * b * b
        one = 2.0 * (p * (b - 1.0) + q * (b * b - 1.0) + r * (b * b * b - 1.0))
        return one, 2.0 * a * (p + 2.0 * b * q + 3.0 * b * b * r)
    if kind == 2:
        return 2.0 * a, b * (b * b - 2.0)
    if kind == 3:
        return a, 100.0 * b
    return 2.0 * a, 2.0 * b


def _places(x: Array, weight: Array, kind: int) -> tuple[Array, Array]:
    """The two numbers that the function is asked for, of each row."""
    moved = weight[None, :] - (x if kind == KINDS.index("bowl") else 0 * x)
    return moved[:, 0], moved[:, 1]


def _heights(x: Array, weight: Array, kind: int) -> Array:
    return np.asarray(height(kind, *_places(x, weight, kind)))


def _slopes(x: Array, weight: Array, dy: Array, kind: int) -> Array:
    return np.array([np.sum(dy[:, 0] * part) for part in slope(kind, *_places(x, weight, kind))])


def _input_slopes(x: Array, weight: Array, dy: Array, kind: int) -> Array:
    if kind != KINDS.index("bowl"):
        return np.zeros_like(x)
    return np.asarray(-dy * np.stack(slope(kind, *_places(x, weight, kind)), axis=1))


def _height_element(at: Any, x: Named, weight: Named, kind: int) -> Term:
    a, b = weight[0], weight[1]
    value = float(_heights(x.array, weight.array, kind)[at[0]])
    return Term(value, f"f({a.symbols}, {b.symbols})", f"f({a.bare_numbers}, {b.bare_numbers})")


def _slope_element(at: Any, x: Named, weight: Named, dy: Named, kind: int) -> Term:
    value = float(_slopes(x.array, weight.array, dy.array, kind)[at[0]])
    return Term(value, "Σₙ dy[n]·f′(weight)", f"{value:.4g}")


def _input_slope_element(at: Any, x: Named, weight: Named, dy: Named, kind: int) -> Term:
    if kind != KINDS.index("bowl"):
        return as_term(0.0)
    n, k = at
    return dy[n, 0] * (x[n, k] - weight[k]) * 2.0


@kernel
def height_rows(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, 1) = f(w − shift), for w (2,); the shift is x (N, 2) for the bowl, else 0."""
    x, w, y, kind = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2), integer(row, 0)
    for n in range(y.size):
        a, b = w[0], w[1]
        if kind == 4:
            a, b = w[0] - x[n, 0], w[1] - x[n, 1]
        y[n] = height(kind, a, b)


@kernel
def slope_rows(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dw (2,) = Σₙ dy[n]·f′(w − shift), for dy (N, 1), x (N, 2), w (2,)."""
    x, w, dy, dw = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2), flat(row, memory, 3)
    kind = integer(row, 0)
    if not adds(row, 3):
        dw[0] = 0.0
        dw[1] = 0.0
    for n in range(dy.size):
        a, b = w[0], w[1]
        if kind == 4:
            a, b = w[0] - x[n, 0], w[1] - x[n, 1]
        one, other = slope(kind, a, b)
        dw[0] += dy[n] * one
        dw[1] += dy[n] * other


@kernel
def input_slope_rows(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx (N, 2) = −dy·f′(w − x) for the bowl, else 0, for dy (N, 1), x (N, 2), w (2,)."""
    x, w, dy, dx = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2), rows_of(row, memory, 3)
    bowl, more = integer(row, 0) == 4, adds(row, 3)
    for n in range(dy.size):
        for k in range(2):
            one = 2.0 * dy[n] * (x[n, k] - w[k]) if bowl else 0.0
            dx[n, k] = dx[n, k] + one if more else one
