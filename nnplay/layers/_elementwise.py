"""Elementwise layers: declared by two scalar functions, the value and its derivative; the loops are made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import Kernel, always
from nnplay.kernels.operands import adds, flat, part_of
from nnplay.records.layer import Plan
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.worked import Named, Term, apply, scalar

Array = NDArray[Any]


def elementwise(
    name: str,
    *,
    value: Any,
    derivative: Any,
    reference: Callable[..., Array],
    slope: Callable[..., Array],
    formula: str,
    formula_back: str,
    words: str,
    words_back: str,
    setting: str = "",
    torch: str = "",
) -> Callable[[Mapping[str, Any], Shape], Plan]:
    """The `plan` of a layer that treats every number alike.

    Args:
        value: inlined `(x) -> y`, or `(x, setting) -> y`.
        derivative: inlined `(x, y) -> dy/dx`, or `(x, y, setting) -> dy/dx`.
        reference, slope: the same two in NumPy on arrays: the definition that the kernels are held to.
        setting: name of the one live field that the functions take, if any.
    """
    reads = ("x", setting) if setting else ("x",)
    forward = Operation(
        name=name,
        kernel=_forward_kernel(value, bool(setting)),
        reads=reads,
        writes=("y",),
        reference=reference,
        formula=formula,
        words=words,
        element=lambda at, x, *more: apply(name, _scalar(reference), x[at], *(scalar(setting, part) for part in more)),
        torch=torch,
    )
    backward = Operation(
        name=f"{name} backward",
        kernel=_backward_kernel(derivative, bool(setting)),
        reads=("x", "y", "dy", *reads[1:]),
        writes=("dx",),
        reference=_back(slope),
        formula=formula_back,
        words=words_back,
        element=_explained_back(name, slope, setting),
        torch="autograd",
    )
    return lambda values, shape: _plan(forward, backward, shape)


def _plan(forward: Operation, backward: Operation, shape: Shape) -> Plan:
    cost = 8 * int(np.prod(shape))
    return Plan(output=shape, forward=(Use(forward, cost=cost),), backward=(Use(backward, cost=cost),))


def _back(slope: Callable[..., Array]) -> Callable[..., Array]:
    def back(x: Array, y: Array, dy: Array, *more: Array) -> Array:
        return np.asarray(dy * slope(x, y, *more))

    return back


def _explained_back(name: str, slope: Callable[..., Array], setting: str) -> Callable[..., Term]:
    def element_back(at: Any, x: Named, y: Named, dy: Named, *more: Named) -> Term:
        local = apply(f"{name}′", _scalar(slope), x[at], y[at], *(scalar(setting, part) for part in more))
        return dy[at] * local

    return element_back


def _scalar(function: Callable[..., Array]) -> Callable[..., float]:
    return lambda *numbers: float(function(*(np.float64(item) for item in numbers)))


def _forward_kernel(formula: Any, has_setting: bool) -> Kernel:
    value = always(formula)

    def plain(row: Any, clock: Any, memory: Any, part: int) -> None:
        x, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
        for i in range(x.size):
            y[i] = value(x[i])

    def with_setting(row: Any, clock: Any, memory: Any, part: int) -> None:
        x, y = part_of(row, memory, 0, part), part_of(row, memory, 2, part)
        setting = flat(row, memory, 1)[0]
        for i in range(x.size):
            y[i] = value(x[i], setting)

    return Kernel(f"{formula.__module__}:{formula.__name__}_forward", with_setting if has_setting else plain)


def _backward_kernel(formula: Any, has_setting: bool) -> Kernel:
    derivative = always(formula)

    def plain(row: Any, clock: Any, memory: Any, part: int) -> None:
        x, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
        dy, dx = part_of(row, memory, 2, part), part_of(row, memory, 3, part)
        if adds(row, 3):
            for i in range(x.size):
                dx[i] += dy[i] * derivative(x[i], y[i])
        else:
            for i in range(x.size):
                dx[i] = dy[i] * derivative(x[i], y[i])

    def with_setting(row: Any, clock: Any, memory: Any, part: int) -> None:
        x, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
        dy, dx = part_of(row, memory, 2, part), part_of(row, memory, 4, part)
        setting = flat(row, memory, 3)[0]
        if adds(row, 4):
            for i in range(x.size):
                dx[i] += dy[i] * derivative(x[i], y[i], setting)
        else:
            for i in range(x.size):
                dx[i] = dy[i] * derivative(x[i], y[i], setting)

    return Kernel(f"{formula.__module__}:{formula.__name__}_backward", with_setting if has_setting else plain)
