"""Losses that are a mean over all numbers, declared by two scalar functions: the error and its slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.arithmetic import lane_sum, scratch
from nnplay.kernels.compile.jit import DTYPE, Kernel, force_inline
from nnplay.kernels.operands import flat, numbers, part_of, size
from nnplay.records.loss import LossPlan
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.worked import Named, Term, scalar, total

Array = NDArray[Any]
#: Errors that are summed at once; their sums are added in float64.
BLOCK: Final = 256


@dataclass(frozen=True, slots=True)
class Loops:
    """The two kernels of a pointwise loss."""

    forward: Kernel
    backward: Kernel


@dataclass(frozen=True, slots=True)
class Pointwise:
    """The two operations of a pointwise loss."""

    forward: Operation
    backward: Operation

    def plan(self, shape: Shape, score: Operation | None = None) -> LossPlan:
        """Prediction and target (N, …) of one shape → loss (1,), dprediction (N, …); `score` counts right rows."""
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
    setting: str = "",
    symbol: str = "p",
    torch: str = "",
) -> Pointwise:
    """The operations of such a loss.

    Args:
        loops: what `pointwise_loops` has made of the loss's scalar functions.
        reference, slope: the same two functions in NumPy on arrays: the definition that the kernels are held to.
        term, term_back: the same two on `Term`s, for the worked-out element.
        setting: name of the one live field that the functions take, if any.
        symbol: what the formulas call the prediction; z if it is a logit.
    """
    reads = ("prediction", "target", setting) if setting else ("prediction", "target")
    forward = Operation(
        name=name,
        kernel=loops.forward,
        reads=reads,
        writes=("loss",),
        reference=lambda p, t, *more: np.mean(reference(p.ravel(), t.ravel(), *more), keepdims=True),
        formula=formula,
        words=words,
        element=_explained(term, symbol, setting),
        torch=torch,
    )
    backward = Operation(
        name="gradient of the loss",
        kernel=loops.backward,
        reads=reads,
        writes=("dprediction",),
        reference=lambda p, t, *more: slope(p, t.reshape(p.shape), *more) / p.size,
        formula=formula_back,
        words=words_back,
        element=_explained_back(term_back, symbol, setting),
        torch="autograd",
    )
    return Pointwise(forward, backward)


def _explained(term: Callable[..., Term], symbol: str, setting: str) -> Callable[..., Term]:
    """The mean, worked out."""

    def element(at: Any, prediction: Named, target: Named, *more: Named) -> Term:
        p, t = Named(symbol, prediction.array.reshape(-1)), Named("t", target.array.reshape(-1))
        settings = [scalar(setting, part) for part in more]
        return total(term(p[i], t[i], *settings) for i in range(p.array.size)) / p.array.size

    return element


def _explained_back(term_back: Callable[..., Term], symbol: str, setting: str) -> Callable[..., Term]:
    """One prediction's share in the gradient, worked out."""

    def element_back(at: Any, p: Named, t: Named, *more: Named) -> Term:
        wanted = Named("t", t.array.reshape(p.shape))
        settings = [scalar(setting, part) for part in more]
        return term_back(Named(symbol, p.array)[at], wanted[at], *settings) / p.array.size

    return element_back


def pointwise_loops(value: Any, derivative: Any, *, has_setting: bool = False) -> Loops:
    """The kernels of a pointwise loss.

    Args:
        value: inlined `(p, t) -> error` of one prediction and its target, or `(p, t, setting) -> error`.
        derivative: inlined, the same arguments → d error / d p.
        has_setting: whether they take the value of a live field, too.
    """
    return Loops(_forward_kernel(value, has_setting), _backward_kernel(derivative, has_setting))


def _forward_kernel(formula: Any, has_setting: bool) -> Kernel:
    value = force_inline(formula)
    output = 3 if has_setting else 2

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """loss (1,) = 1/M · Σ value(p, t), for p and t (M,)."""
        block = scratch(BLOCK)
        setting = (flat(row, memory, 2)[0],) if has_setting else ()
        summed = np.float64(0)  # a batch of pictures has millions of terms
        for first in range(0, size(row, 0), BLOCK):
            stop = min(first + BLOCK, size(row, 0))
            p, t = numbers(row, memory, 0, first, stop), numbers(row, memory, 1, first, stop)
            for i in range(p.size):
                block[i] = value(p[i], t[i], *setting)
            summed += lane_sum(block, p.size)
        flat(row, memory, output)[0] = summed / size(row, 0)

    return Kernel(f"{formula.__module__}:{formula.__name__}_forward", forward)


def _backward_kernel(formula: Any, has_setting: bool) -> Kernel:
    derivative = force_inline(formula)
    output = 3 if has_setting else 2

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """loss = 1/M · Σ value(p, t), so dp = derivative(p, t) / M, for p, t and dp (M,)."""
        p, t, dp = part_of(row, memory, 0, part), part_of(row, memory, 1, part), part_of(row, memory, output, part)
        setting = (flat(row, memory, 2)[0],) if has_setting else ()
        scale = 1.0 / DTYPE(size(row, 0))
        for i in range(p.size):
            dp[i] = scale * derivative(p[i], t[i], *setting)

    return Kernel(f"{formula.__module__}:{formula.__name__}_backward", backward)
