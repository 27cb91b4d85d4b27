"""Losses that are a mean over all numbers, declared by two scalar functions: the error and its slope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_sum, scratch
from nnplay.kernels.compile.jit import DTYPE, Kernel, force_inline, inline
from nnplay.kernels.cuda.partial import fold, folds, once, parts, room, whole
from nnplay.kernels.operands import flat, numbers, part_of, pointer, size
from nnplay.losses._costs import costs_plan
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.loss import LossPlan
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, as_term, scalar, total

Array = NDArray[Any]
#: Errors that are summed at once; their sums are added in float64.
BLOCK: Final = 256


@dataclass(frozen=True, slots=True)
class Loops:
    """The kernels of a pointwise loss: of the plain mean over all numbers, and of one cost for each of them."""

    forward: Kernel
    backward: Kernel
    costs: Kernel
    costs_back: Kernel
    partial: Kernel
    mean: Kernel


@dataclass(frozen=True, slots=True)
class Pointwise:
    """The operations of a pointwise loss: of the plain mean over all numbers, and of one cost for each of them."""

    forward: Operation
    backward: Operation
    costs: Operation
    costs_back: Operation

    def plan(
        self, shape: Shape, values: Mapping[str, Any], *, weighted: bool = False, score: Operation | None = None
    ) -> LossPlan:
        """Prediction and target (N, …) of one shape → loss (1,), dprediction (N, …); `score` counts right rows."""
        if weighted or values.get("reduction") == "sum":
            work, counts = 8 * int(np.prod(shape)), Use(score) if score else None
            return costs_plan(
                self.costs, self.costs_back, shape, work=work, values=values, weighted=weighted, score=counts
            )
        return LossPlan(
            forward=(Use(self.forward),),  # the sum is one number: it has one part
            backward=(Use(self.backward, cost=8 * int(np.prod(shape))),),
            score=Use(score) if score else None,
        )


def pointwise(
    name: str,
    *,
    loops: Loops,
    reference: Callable[..., Array],
    slope: Callable[..., Array],
    term: Callable[..., Term],
    term_back: Callable[..., Term],
    formula: str,
    formula_back: str,
    words: str,
    words_back: str,
    settings: tuple[str, ...] = (),
    symbol: str = "p",
    torch: str = "",
) -> Pointwise:
    """The operations of such a loss.

    Args:
        loops: what `pointwise_loops` has made of the loss's scalar functions.
        reference, slope: the same two functions in NumPy on arrays: the definition that the kernels are held to.
        term, term_back: the same two on `Term`s, for the worked-out element.
        settings: names of the live fields that the functions take, two at the most.
        symbol: what the formulas call the prediction; z if it is a logit.
    """
    reads = ("prediction", "target", *settings)
    forward = Operation(
        name=name,
        kernel=loops.forward,
        cuda=(CudaRow(loops.partial, parts), CudaRow(fold, folds), CudaRow(loops.mean, once)),
        reads=reads,
        writes=("loss",),
        reference=lambda p, t, *more: np.mean(reference(p.ravel(), t.ravel(), *more), keepdims=True),
        formula=formula,
        words=words,
        element=_explained(term, symbol, settings),
        torch=torch,
    )
    backward = Operation(
        name="gradient of the loss",
        kernel=loops.backward,
        cuda=(NumberRow(loops.backward),),
        reads=reads,
        writes=("dprediction",),
        reference=lambda p, t, *more: slope(p, t.reshape(p.shape), *more) / p.size,
        formula=formula_back,
        words=words_back,
        element=_explained_back(term_back, symbol, settings),
        torch="autograd",
    )
    costs = _costs(forward, loops, reference, term, symbol, settings)
    costs_back = _costs_back(backward, loops, slope, term_back, symbol, settings)
    return Pointwise(forward, backward, costs, costs_back)


def _costs(
    mean: Operation,
    loops: Loops,
    reference: Callable[..., Array],
    term: Callable[..., Term],
    symbol: str,
    settings: tuple[str, ...],
) -> Operation:
    """One cost for each number, from the operation of their mean."""
    return replace(
        mean,
        name=f"{mean.name}, cost of each",
        kernel=loops.costs,
        cuda=(CudaRow(loops.costs),),
        writes=("costs",),
        reference=lambda p, t, *more: reference(p, t.reshape(p.shape), *more),
        formula=f"costs = {_inside(mean.formula)}",
        element=_explained_cost(term, symbol, settings),
    )


def _costs_back(
    mean: Operation,
    loops: Loops,
    slope: Callable[..., Array],
    term: Callable[..., Term],
    symbol: str,
    settings: tuple[str, ...],
) -> Operation:
    """The slope of each number's cost, weighed, from the operation of the mean's slope."""
    return replace(
        mean,
        kernel=loops.costs_back,
        cuda=(CudaRow(loops.costs_back),),
        reads=(*mean.reads, "factors", "divisor"),
        reference=_costs_back_reference(slope),
        formula=f"{mean.formula.split(' / M')[0].replace('1/M · ', '').replace('2/M', '2')} · factors / divisor",
        element=_explained_costs_back(term, symbol, settings),
    )


def _inside(formula: str) -> str:
    """What a mean is taken of: `1/M · Σ (p − t)²` is of `(p − t)²`."""
    return formula.removeprefix("loss = ").replace("1/M · Σ ", "").replace(", over all M numbers of the batch", "")


def _explained_cost(term: Callable[..., Term], symbol: str, settings: tuple[str, ...]) -> Callable[..., Term]:
    """One answer's cost, worked out."""

    def element(at: Any, prediction: Named, target: Named, *more: Named) -> Term:
        wanted = Named("t", target.array.reshape(prediction.shape))
        scalars = [scalar(name, part) for name, part in zip(settings, more, strict=True)]
        return term(Named(symbol, prediction.array)[at], wanted[at], *scalars)

    return element


def _costs_back_reference(slope: Callable[..., Array]) -> Callable[..., Array]:
    def reference(p: Array, t: Array, *more: Array) -> Array:
        *settings, factors, divisor = more
        return np.asarray(slope(p, t.reshape(p.shape), *settings) * factors.reshape(p.shape) * inverse(divisor))

    return reference


def _explained_costs_back(
    term_back: Callable[..., Term], symbol: str, settings: tuple[str, ...]
) -> Callable[..., Term]:
    def element_back(at: Any, p: Named, t: Named, *more: Named) -> Term:
        *live, factors, divisor = more
        wanted = Named("t", t.array.reshape(p.shape))
        scalars = [scalar(name, part) for name, part in zip(settings, live, strict=True)]
        if divisor.array[0] == 0:
            return as_term(0.0)
        return term_back(Named(symbol, p.array)[at], wanted[at], *scalars) * factors[at] / divisor[0]

    return element_back


def _explained(term: Callable[..., Term], symbol: str, settings: tuple[str, ...]) -> Callable[..., Term]:
    """The mean, worked out."""

    def element(at: Any, prediction: Named, target: Named, *more: Named) -> Term:
        p, t = Named(symbol, prediction.array.reshape(-1)), Named("t", target.array.reshape(-1))
        scalars = [scalar(name, part) for name, part in zip(settings, more, strict=True)]
        return total(term(p[i], t[i], *scalars) for i in range(p.array.size)) / p.array.size

    return element


def _explained_back(term_back: Callable[..., Term], symbol: str, settings: tuple[str, ...]) -> Callable[..., Term]:
    """One prediction's share in the gradient, worked out."""

    def element_back(at: Any, p: Named, t: Named, *more: Named) -> Term:
        wanted = Named("t", t.array.reshape(p.shape))
        scalars = [scalar(name, part) for name, part in zip(settings, more, strict=True)]
        return term_back(Named(symbol, p.array)[at], wanted[at], *scalars) / p.array.size

    return element_back


def pointwise_loops(value: Any, derivative: Any, *, settings: int = 0) -> Loops:
    """The kernels of a pointwise loss.

    Args:
        value: inlined `(p, t) -> error` of one prediction and its target, or `(p, t, setting) -> error`.
        derivative: inlined, the same arguments → d error / d p.
        settings: how many live fields they take besides.
    """
    return Loops(
        _forward_kernel(value, settings),
        _backward_kernel(derivative, settings),
        _costs_kernel(value, settings),
        _costs_back_kernel(derivative, settings),
        _partial_kernel(value, settings),
        _mean_kernel(value, settings),
    )


@inline
def no_field(row: Any, memory: Any) -> Any:
    """The values of no live field."""
    return ()


@inline
def one_field(row: Any, memory: Any) -> Any:
    """The value of the only live field."""
    return (flat(row, memory, 2)[0],)


@inline
def two_fields(row: Any, memory: Any) -> Any:
    """The values of two live fields."""
    return flat(row, memory, 2)[0], flat(row, memory, 3)[0]


_LIVE: Final = (no_field, one_field, two_fields)


def _forward_kernel(formula: Any, settings: int) -> Kernel:
    value = force_inline(formula)
    output, live = 2 + settings, _LIVE[settings]

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """loss (1,) = 1/M · Σ value(p, t), for p and t (M,)."""
        block = scratch(BLOCK)
        setting = live(row, memory)
        summed = np.float64(0)  # a batch of pictures has millions of terms
        for first in range(0, size(row, 0), BLOCK):
            stop = min(first + BLOCK, size(row, 0))
            p, t = numbers(row, memory, 0, first, stop), numbers(row, memory, 1, first, stop)
            for i in range(p.size):
                block[i] = value(p[i], t[i], *setting)
            summed += lane_sum(block, p.size)
        flat(row, memory, output)[0] = summed / size(row, 0)

    return Kernel(f"{formula.__module__}:{formula.__name__}_forward", forward)


def _backward_kernel(formula: Any, settings: int) -> Kernel:
    derivative = force_inline(formula)
    output, live = 2 + settings, _LIVE[settings]

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """loss = 1/M · Σ value(p, t), so dp = derivative(p, t) / M, for p, t and dp (M,)."""
        p, t, dp = part_of(row, memory, 0, part), part_of(row, memory, 1, part), part_of(row, memory, output, part)
        setting = live(row, memory)
        scale = 1.0 / DTYPE(size(row, 0))
        for i in range(p.size):
            dp[i] = scale * derivative(p[i], t[i], *setting)

    return Kernel(f"{formula.__module__}:{formula.__name__}_backward", backward)


def _costs_kernel(formula: Any, settings: int) -> Kernel:
    value = force_inline(formula)
    output, live = 2 + settings, _LIVE[settings]

    def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
        """costs = value(p, t), for p, t and costs (M,)."""
        p, t, cost = part_of(row, memory, 0, part), part_of(row, memory, 1, part), part_of(row, memory, output, part)
        setting = live(row, memory)
        for i in range(p.size):
            cost[i] = value(p[i], t[i], *setting)

    return Kernel(f"{formula.__module__}:{formula.__name__}_costs", costs)


def _costs_back_kernel(formula: Any, settings: int) -> Kernel:
    derivative = force_inline(formula)
    factors_at, live = 2 + settings, _LIVE[settings]

    def costs_back(row: Any, clock: Any, memory: Any, part: int) -> None:
        """loss = Σ factors·value(p, t) / divisor, so dp = derivative(p, t)·factors / divisor; p, t, factors (M,)."""
        p, t = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
        factors, dp = part_of(row, memory, factors_at, part), part_of(row, memory, factors_at + 2, part)
        setting = live(row, memory)
        scale = one_over(flat(row, memory, factors_at + 1)[0])
        for i in range(p.size):
            dp[i] = derivative(p[i], t[i], *setting) * factors[i] * scale

    return Kernel(f"{formula.__module__}:{formula.__name__}_costs_back", costs_back)


def _partial_kernel(formula: Any, settings: int) -> Kernel:
    value = force_inline(formula)
    live = _LIVE[settings]

    def partial(row: Any, clock: Any, memory: Any, part: int) -> None:
        """sums[part] = Σ value(p, t) over this part of p and t (M,)."""
        p, t = pointer(row, memory, 0), pointer(row, memory, 1)
        setting = live(row, memory)
        summed = np.float64(0)
        i = part
        while i < size(row, 0):
            summed += value(p[i], t[i], *setting)
            i += row[ROW_PARTS]
        room(row, memory)[part] = summed

    return Kernel(f"{formula.__module__}:{formula.__name__}_partial", partial)


def _mean_kernel(formula: Any, settings: int) -> Kernel:
    output = 2 + settings

    def mean(row: Any, clock: Any, memory: Any, part: int) -> None:
        """loss (1,) = Σ sums / M, for p (M,)."""
        flat(row, memory, output)[0] = whole(row, memory) / DTYPE(size(row, 0))

    return Kernel(f"{formula.__module__}:{formula.__name__}_mean", mean)
