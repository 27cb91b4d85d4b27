"""Elementwise layers: declared by two scalar functions, the value and its derivative; the loops are made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import ON_CARD, Kernel, force_inline
from nnplay.kernels.cuda.each import backward_each, forward_each
from nnplay.kernels.operands import adds, flat, part_of
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Plan
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.worked import Named, Term, apply, scalar

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Loops:
    """The kernels of an elementwise layer."""

    forward: Kernel
    backward: Kernel
    curvature: Kernel | None = None


@dataclass(frozen=True, slots=True)
class Elementwise:
    """The operations of an elementwise layer; one of straight pieces has no curvature."""

    forward: Operation
    backward: Operation
    curvature: Operation | None = None

    def plan(self, shape: Shape) -> Plan:
        """(N, …) → (N, …): the shape stays, and there are no parameters."""
        cost = 8 * int(np.prod(shape))
        curvature = () if self.curvature is None else (Use(self.curvature, cost=cost),)
        forward, backward = (Use(self.forward, cost=cost),), (Use(self.backward, cost=cost),)
        return Plan(output=shape, forward=forward, backward=backward, curvature=curvature)


def elementwise(
    name: str,
    *,
    loops: Loops,
    reference: Callable[..., Array],
    slope: Callable[..., Array],
    second_slope: Callable[..., Array] | None = None,
    formula: str,
    formula_back: str,
    formula_second: str = "",
    words: str,
    words_back: str,
    settings: tuple[str, ...] = (),
    torch: str = "",
) -> Elementwise:
    """The operations of a layer that treats every number alike.

    Args:
        loops: what `elementwise_loops` has made of the layer's scalar functions.
        reference, slope, second_slope: the same functions in NumPy on arrays, to which the kernels are held.
        settings: names of the live fields that the functions take, two at the most.
    """
    forward = Operation(
        name=name,
        kernel=loops.forward,
        cuda=(NumberRow(loops.forward),),
        reads=("x", *settings),
        writes=("y",),
        reference=reference,
        formula=formula,
        words=words,
        element=lambda at, x, *more: apply(name, _scalar(reference), x[at], *map(scalar, settings, more)),
        torch=torch,
    )
    backward = Operation(
        name=f"{name} backward",
        kernel=loops.backward,
        cuda=(NumberRow(loops.backward),),
        reads=("x", "y", "dy", *settings),
        writes=("dx",),
        reference=_back(slope),
        formula=formula_back,
        words=words_back,
        element=_explained_back(name, slope, settings),
        torch="autograd",
    )
    return Elementwise(forward, backward, _curvature(name, loops, second_slope, formula_second, settings))


def _curvature(
    name: str, loops: Loops, second_slope: Callable[..., Array] | None, formula: str, settings: tuple[str, ...]
) -> Operation | None:
    """The row by which a gradient penalty moves the input of a curve; None of straight pieces."""
    if second_slope is None or loops.curvature is None:
        return None

    def element(at: Any, x: Named, y: Named, change: Named, dy: Named, *more: Named) -> Term:
        local = apply(f"{name}″", _scalar(second_slope), x[at], y[at], *map(scalar, settings, more))
        return local * change[at] * dy[at]

    return Operation(
        name=f"{name} curvature",
        kernel=loops.curvature,
        cuda=(NumberRow(loops.curvature),),
        reads=("x", "y", "change", "dy", *settings),
        writes=("dx",),
        reference=lambda x, y, change, dy, *more: np.asarray(second_slope(x, y, *more) * change * dy),
        formula=formula,
        words="A curve has another slope nearby. So the penalty also pulls at where on the curve a row stands.",
        element=element,
        torch="autograd, create_graph=True",
    )


def _back(slope: Callable[..., Array]) -> Callable[..., Array]:
    def back(x: Array, y: Array, dy: Array, *more: Array) -> Array:
        return np.asarray(dy * slope(x, y, *more))

    return back


def _explained_back(name: str, slope: Callable[..., Array], settings: tuple[str, ...]) -> Callable[..., Term]:
    def element_back(at: Any, x: Named, y: Named, dy: Named, *more: Named) -> Term:
        local = apply(f"{name}′", _scalar(slope), x[at], y[at], *map(scalar, settings, more))
        return dy[at] * local

    return element_back


def _scalar(function: Callable[..., Array]) -> Callable[..., float]:
    return lambda *numbers: float(function(*(np.float64(item) for item in numbers)))


def elementwise_loops(value: Any, derivative: Any, second_derivative: Any = None, *, settings: int = 0) -> Loops:
    """The kernels of an elementwise layer.

    Args:
        value: inlined `(x, *settings) -> y`.
        derivative: inlined `(x, y, *settings) -> dy/dx`.
        second_derivative: inlined `(x, y, *settings) -> d²y/dx²`; None of straight pieces, which have none.
        settings: how many live fields they take the values of, two at the most.
    """
    curvature = None if second_derivative is None else _curvature_kernel(second_derivative, settings)
    return Loops(_forward_kernel(value, settings), _backward_kernel(derivative, settings), curvature)


def _forward_kernel(formula: Any, settings: int) -> Kernel:
    value = force_inline(formula)
    output, some, two = 1 + settings, settings > 0, settings == 2

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y = value(x), for x and y (M,)."""
        first: Any = (flat(row, memory, 1)[0],) if some else ()
        given = (first[0], flat(row, memory, 2)[0]) if two else first
        if ON_CARD:
            forward_each(value, row, memory, output, given, part)
            return
        x, y = part_of(row, memory, 0, part), part_of(row, memory, output, part)
        for i in range(x.size):
            y[i] = value(x[i], *given)

    return Kernel(f"{formula.__module__}:{formula.__name__}_forward", forward)


def _backward_kernel(formula: Any, settings: int) -> Kernel:
    derivative = force_inline(formula)
    output, some, two = 3 + settings, settings > 0, settings == 2

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y = value(x), so dx = dy·derivative(x, y), for all of them (M,)."""
        first: Any = (flat(row, memory, 3)[0],) if some else ()
        given = (first[0], flat(row, memory, 4)[0]) if two else first
        if ON_CARD:
            backward_each(derivative, row, memory, output, given, part)
            return
        x, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
        dy, dx = part_of(row, memory, 2, part), part_of(row, memory, output, part)
        if adds(row, output):
            for i in range(x.size):
                dx[i] += dy[i] * derivative(x[i], y[i], *given)
        else:
            for i in range(x.size):
                dx[i] = dy[i] * derivative(x[i], y[i], *given)

    return Kernel(f"{formula.__module__}:{formula.__name__}_backward", backward)


def _curvature_kernel(formula: Any, settings: int) -> Kernel:
    second = force_inline(formula)
    output, some, two = 4 + settings, settings > 0, settings == 2

    def curvature(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dx = second(x, y)·change·dy, for all of them (M,)."""
        x, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
        change, dy = part_of(row, memory, 2, part), part_of(row, memory, 3, part)
        dx = part_of(row, memory, output, part)
        first: Any = (flat(row, memory, 4)[0],) if some else ()
        given = (first[0], flat(row, memory, 5)[0]) if two else first
        if adds(row, output):
            for i in range(x.size):
                dx[i] += second(x[i], y[i], *given) * change[i] * dy[i]
        else:
            for i in range(x.size):
                dx[i] = second(x[i], y[i], *given) * change[i] * dy[i]

    return Kernel(f"{formula.__module__}:{formula.__name__}_curvature", curvature)
