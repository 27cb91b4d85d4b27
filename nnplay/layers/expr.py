"""Expression: an activation that the user writes as a formula of x, with letters for constants that are trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import REQUIRED, number, text
from nnplay.formula.derivative import differentiate
from nnplay.formula.parse import parse
from nnplay.formula.program import compile_formula
from nnplay.formula.tree import FUNCTIONS, SCALARS, Node, show, variables_of, work_out
from nnplay.kernels import formula as kernels
from nnplay.kernels.formula_code import ROOM
from nnplay.operations.partial_sums import ADD_PARTIAL_SUMS, CHUNKS, chunk, sum_of
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, apply, as_term, scalar, total

Array = NDArray[Any]
_LONG: Final = "+".join(f"exp({k}.5*x)" for k in range(13))
_KNOWN: Final = f"it may use + - * / **, {', '.join(FUNCTIONS)}"
_INTEGERS: Final = ("parameters", "seed", *(f"code{k}" for k in range(ROOM // 8)))


EXPR = LayerRecord(
    name="expr",
    title="Expression",
    family="activation",
    about="Your own activation, written as a formula of x; other letters are constants that are trained.",
    when="To try an activation that has no name yet.",
    torch="the formula itself, on tensors",
    fields=(
        text("formula", REQUIRED, f'formula of x, as in "x * sigmoid(1.7*x)"; {_KNOWN}', longest=4096),
        number("start", 1.0, "initial value of trained constants", low=-1e6, high=1e6),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"formula": "x * sigmoid(1.7*x)"}, (5,)),
        Case({"formula": "a*tanh(x) + b*x**2 - 0.25", "start": 0.5}, (3, 4, 2)),
        Case({"formula": "max(sin(x), cos(x)/3) - min(abs(x), 2)*erf(x) + relu(-x)"}, (70,)),
        Case({"formula": "softplus(x)**-2 * sqrt(1 + exp(-x)) / log(2 + x^2) + sign(x)*step(x - c)"}, (17,)),
    ),
    refused=(
        Refused({"formula": "x * foo(x)"}, (5,), "there is no function 'foo' at character 5"),
        Refused({"formula": _LONG}, (5,), "the formula has too many parts"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), number by number, with each letter of the formula as a parameter (1)."""
    tree = parse(values["formula"])
    letters = tuple(sorted(set(variables_of(tree)) - {"x"}))
    code = compile_formula(tree, letters)
    start, cost = Parameter((1,), raised=((0, 1, float(values["start"])),)), 8 * len(code) * prod(shape)
    given = {"parameters": len(letters), **{f"code{k}": word for k, word in enumerate(code)}}
    forward, back, *others = _operations(values["formula"], letters)
    backward = [
        use
        for seed, (letter, operation) in enumerate(zip(letters, others, strict=True), 1)
        for use in (
            Use(operation, {**given, "seed": seed}, cost),
            Use(ADD_PARTIAL_SUMS, sum_of((1,)), names={"y": f"d{letter}"}),
        )
    ]
    return Plan(
        output=shape,
        parameters=dict.fromkeys(letters, start),
        scratch={"partial_sums": (CHUNKS, 1)} if letters else {},
        forward=(Use(forward, {**given, "seed": 0}, cost),),
        backward=(*backward, Use(back, {**given, "seed": 0}, 2 * cost)),
    )


@lru_cache(maxsize=256)
def _operations(formula: str, letters: tuple[str, ...]) -> tuple[Operation, ...]:
    """The forward row, the gradient of x, and that of each letter."""
    tree = parse(formula)
    by_x = differentiate(tree, "x")
    forward = Operation(
        name="expression",
        kernel=kernels.forward,
        cuda=(CudaRow(kernels.forward_cuda),),
        reads=("x", *letters),
        writes=("y",),
        reference=lambda x, *more, **code: _on_arrays(tree, x, letters, more),
        formula=f"y = {show(tree)}",
        words="Works out your formula for every number.",
        element=lambda at, x, *more, **code: _on_terms(tree, at, x, letters, more),
        integers=_INTEGERS,
        torch="the formula itself, on tensors",
    )
    back = Operation(
        name="gradient of x",
        kernel=kernels.backward_input,
        cuda=(CudaRow(kernels.backward_input_cuda),),
        reads=("x", *letters, "dy"),
        writes=("dx",),
        reference=lambda x, *more, **code: more[-1] * _on_arrays(by_x, x, letters, more),
        formula=f"dx = dy·{_factor(by_x)}",
        words="The derivative of your formula, by the chain rule, times the gradient that comes in.",
        element=lambda at, x, *more, **code: more[-1][at] * _on_terms(by_x, at, x, letters, more),
        integers=_INTEGERS,
        torch="autograd",
    )
    return forward, back, *(_gradient_of(tree, letter, letters) for letter in letters)


def _gradient_of(tree: Node, letter: str, letters: tuple[str, ...]) -> Operation:
    """The row that sums the gradient of a letter over chunks of the batch."""
    slope = differentiate(tree, letter)
    return Operation(
        name=f"gradient of {letter}, partial sums",
        kernel=kernels.backward_parameter,
        cuda=(CudaRow(kernels.parameter_partial, kernels.parameter_parts), CudaRow(kernels.parameter_fold)),
        reads=("x", *letters, "dy"),
        writes=("partial_sums",),
        reference=partial(_sums, slope, letters),
        formula=f"d{letter} = Σ dy·{_factor(slope)}",
        words="Every number has a say in the constant, so its gradient is a sum over all of them.",
        element=partial(_sum_element, slope, letters),
        integers=_INTEGERS,
        torch="autograd",
    )


def _factor(tree: Node) -> str:
    """The formula as a factor of a product."""
    return f"({show(tree)})" if tree.kind in "+-neg" else show(tree)


_ARRAYS: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: getattr(np, name) for name in ("exp", "log", "sqrt", "abs", "sign", "sin", "cos", "tanh")},
    "number": float,
    "min": np.minimum,
    "max": np.maximum,
    "step": lambda u: np.where(u > 0, 1, 0 * u),
    "relu": lambda u: np.maximum(u, 0),
    "sigmoid": lambda u: 1 / (1 + np.exp(-u)),
    "softplus": lambda u: np.logaddexp(0, u),
    "erf": np.vectorize(SCALARS["erf"], otypes=[float]),
    "where": lambda low, high, then, other: np.where(low < high, then, other),
}
_TERMS: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: partial(apply, name, SCALARS[name]) for name in FUNCTIONS},
    "number": as_term,
    "where": lambda low, high, then, other: then if low.value < high.value else other,
}


def _on_arrays(tree: Node, x: Array, letters: tuple[str, ...], more: tuple[Array, ...]) -> Array:
    with np.errstate(all="ignore"):
        worked = work_out(tree, {"x": x, **dict(zip(letters, more, strict=False))}, _ARRAYS)
    return np.broadcast_to(worked, x.shape)


def _on_terms(tree: Node, at: Any, x: Named, letters: tuple[str, ...], more: tuple[Named, ...]) -> Term:
    given = {letter: scalar(letter, array) for letter, array in zip(letters, more, strict=False)}
    return as_term(work_out(tree, {"x": x[at], **given}, _TERMS))


def _sums(slope: Node, letters: tuple[str, ...], x: Array, *more: Array, **code: int) -> Array:
    parts = (more[-1] * _on_arrays(slope, x, letters, more)).reshape(-1)
    return np.stack([parts[chunk(parts.size, p, CHUNKS)].sum(keepdims=True) for p in range(CHUNKS)])


def _sum_element(
    slope: Node, letters: tuple[str, ...], at: tuple[int, ...], x: Named, *more: Named, **code: int
) -> Term:
    places = list(np.ndindex(x.shape))[chunk(x.array.size, at[0], CHUNKS)]
    return total(more[-1][place] * _on_terms(slope, place, x, letters, more) for place in places)
