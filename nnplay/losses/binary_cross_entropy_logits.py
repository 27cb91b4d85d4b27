"""Binary cross-entropy on logits: sigmoid and log loss in one stable step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number, numbers
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.elementary import exp, log1p, sigmoid
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.losses._costs import costs_plan, listed
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.operations.scoring import ABOVE_ZERO, both_classes, decide_above
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin, smoothed
from nnplay.records.worked import Named, Term, apply, as_term, scalar

Array = NDArray[Any]


BINARY_CROSS_ENTROPY_LOGITS = LossRecord(
    name="binary_cross_entropy_logits",
    title="Binary cross-entropy (on logits)",
    about="Log loss for two classes; takes the raw output and applies the sigmoid itself.",
    when="Two classes with a single raw output: the safe choice.",
    formula="1/M · Σ (log(1 + eᶻ) − t·z)",
    target="binary",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: 1,
    fields=(
        number(
            "label_smoothing",
            0.0,
            "label smoothing: moves targets from 0 and 1 towards ½",
            low=0.0,
            high=1.0,
            live=True,
        ),
        numbers(
            "pos_weight",
            "what a row of class 1 weighs, or one number for each label; balanced: as much as makes both classes count "
            "alike",
            choices=("balanced",),
        ),
        REDUCTION,
    ),
    answer=sigmoid_of,
    decide=decide_above(0.0),
    probabilities=lambda z: both_classes(sigmoid_of(z)),
    torch="binary_cross_entropy_with_logits",
    twin=Twin(
        "nn.functional.binary_cross_entropy_with_logits",
        lambda values, shape: {
            "reduction": values["reduction"],
            **(
                {"pos_weight": [float(part) for part in values["pos_weight"].split(",")]}
                if values["pos_weight"]
                else {}
            ),
        },
        loss_inputs=smoothed,
    ),
    cases=(
        Case({}, (1,)),
        Case({"label_smoothing": 0.1}, (17,)),
        Case({"pos_weight": "3"}, (1,)),
        Case({"pos_weight": "1,0.5,4", "label_smoothing": 0.1}, (3,)),
        Case({"reduction": "sum"}, (3, 4, 1)),
    ),
    refused=(Refused({"label_smoothing": -0.1}, (1,), "≥ 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logits z and 0/1 targets (N, …) of one shape → loss (1,), dz (N, …)."""
    positive = listed(values["pos_weight"], shape[-1], "binary_cross_entropy_logits", "pos_weight", "output")
    if positive is None:
        return _operations().plan(shape, values, weighted=weighted, score=ABOVE_ZERO)
    return costs_plan(
        _weighted_costs(),
        _weighted_gradient(),
        shape,
        work=12 * int(np.prod(shape)),
        values=values,
        weighted=weighted,
        score=Use(ABOVE_ZERO),
        constants={"pos_weight": positive},
    )


@cache
def _operations() -> Pointwise:
    return pointwise(
        "binary cross-entropy on logits",
        loops=LOOPS,
        reference=lambda z, t, smoothing: _costs(z, _smooth(t, smoothing)),
        slope=lambda z, t, smoothing: sigmoid_of(z) - _smooth(t, smoothing),
        term=lambda z, t, smoothing: _term(z, _wanted(t, smoothing)),
        term_back=lambda z, t, smoothing: apply("sigmoid", lambda x: float(sigmoid_of(x)), z) - _wanted(t, smoothing),
        settings=("label_smoothing",),
        symbol="z",
        formula="loss = 1/M · Σ (log(1 + eᶻ) − t·z)",
        formula_back="dz = (sigmoid(z) − t) / M",
        words="The log loss of sigmoid(z), computed without the sigmoid so that large outputs lose no precision.",
        words_back="Each output is pushed by predicted minus true probability.",
        torch="torch.nn.functional.binary_cross_entropy_with_logits",
    )


@cache
def _weighted_costs() -> Operation:
    return Operation(
        name="binary cross-entropy on logits, cost of each",
        kernel=costs,
        cuda=(CudaRow(costs),),
        reads=("prediction", "target", "label_smoothing", "pos_weight"),
        writes=("costs",),
        reference=lambda z, t, smoothing, w: _positive_costs(z, _smooth(t.reshape(z.shape), smoothing), w),
        formula="costs = (1 − t)·z + (1 + (w − 1)·t)·log(1 + e⁻ᶻ), with w = pos_weight of the output",
        words="The log loss of sigmoid(z), where class 1 counts w times.",
        element=_weighted_element,
        torch="torch.nn.functional.binary_cross_entropy_with_logits(pos_weight=w)",
    )


@cache
def _weighted_gradient() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=gradient,
        cuda=(CudaRow(gradient),),
        reads=("prediction", "target", "label_smoothing", "pos_weight", "factors", "divisor"),
        writes=("dprediction",),
        reference=_weighted_back,
        formula="dz = ((1 − t) − (1 + (w − 1)·t)·sigmoid(−z))·factors / divisor",
        words="Each output is pushed by predicted minus true probability, where class 1 counts w times.",
        element=_weighted_element_back,
        torch="autograd",
    )


def _positive_costs(z: Array, t: Array, w: Array) -> Array:
    near = np.log1p(np.exp(-np.abs(z)))
    return np.asarray((1 - t) * z + (1 + (w - 1) * t) * (near + np.maximum(-z, 0)))


def _weighted_back(z: Array, t: Array, smoothing: Array, w: Array, factors: Array, divisor: Array) -> Array:
    t = _smooth(t.reshape(z.shape), smoothing)
    slope = (1 - t) - (1 + (w - 1) * t) * sigmoid_of(-z)
    return np.asarray(slope * factors.reshape(z.shape) * inverse(divisor))


def _weighted_element(at: Any, prediction: Named, target: Named, label_smoothing: Named, pos_weight: Named) -> Term:
    z, t, w = _weighted_parts(at, prediction, target, label_smoothing, pos_weight)
    return (1 - t) * z + w * apply("softplus", lambda x: float(np.logaddexp(0, x)), -z)


def _weighted_parts(at: Any, z: Named, t: Named, smoothing: Named, w: Named) -> tuple[Term, Term, Term]:
    """z, the wanted probability, and what it weighs."""
    wanted = _wanted(Named("t", t.array.reshape(z.shape))[at], scalar("smoothing", smoothing))
    return Named("z", z.array)[at], wanted, 1 + (w[at[-1]] - 1) * wanted


def _weighted_element_back(
    at: Any,
    prediction: Named,
    target: Named,
    label_smoothing: Named,
    pos_weight: Named,
    factors: Named,
    divisor: Named,
) -> Term:
    if divisor.array[0] == 0:
        return as_term(0.0)
    z, t, w = _weighted_parts(at, prediction, target, label_smoothing, pos_weight)
    slope = (1 - t) - w * apply("sigmoid", lambda x: float(sigmoid_of(np.asarray(x))), -z)
    return slope * factors[at] / divisor[0]


def _smooth(t: Any, smoothing: Any) -> Any:
    return t * (1 - smoothing) + 0.5 * smoothing


def _wanted(t: Term, smoothing: Term) -> Term:
    smoothed: Term = _smooth(t, smoothing) if smoothing.value else t
    return smoothed


def _costs(z: Any, t: Any) -> Any:
    """log(1 + eᶻ) − t·z as a sum of what is never negative, so that a small loss far out keeps its digits."""
    return np.where(z > 0, (1 - t) * z, -t * z) + np.log1p(np.exp(-np.abs(z)))


def _term(z: Term, t: Term) -> Term:
    linear = (1 - t) * z if z.value > 0 else -t * z
    return linear + apply("log1p", math.log1p, apply("exp", math.exp, -apply("abs", abs, z)))


@inline
def value(z: Any, t: Any, smoothing: Any) -> Any:
    """log(1 + eᶻ) − t·z, as max(z, 0) − t·z + log(1 + e^−|z|), none of which is negative."""
    t = t * (1.0 - smoothing) + 0.5 * smoothing
    return ((1.0 - t) * z if z > 0.0 else -t * z) + log1p(exp(-abs(z)))


@inline
def derivative(z: Any, t: Any, smoothing: Any) -> Any:
    """sigmoid(z) − t."""
    return sigmoid(z) - (t * (1.0 - smoothing) + 0.5 * smoothing)


LOOPS = pointwise_loops(value, derivative, settings=1)


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = (1 − t)·z + (1 + (w − 1)·t)·log(1 + e⁻ᶻ); z, t, costs (M, W), w (W,)."""
    z, target, cost = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 4)
    smoothing, w = flat(row, memory, 2)[0], flat(row, memory, 3)
    M, W = z.shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        for c in range(W):
            t = target[m * W + c] * (1.0 - smoothing) + 0.5 * smoothing
            beyond = log1p(exp(-abs(z[m, c]))) + (0.0 if z[m, c] > 0.0 else -z[m, c])
            cost[m * W + c] = (1.0 - t) * z[m, c] + (1.0 + (w[c] - 1.0) * t) * beyond


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = (1 − t)·z + v·log(1 + e⁻ᶻ), v = 1 + (w − 1)·t, so dz = ((1 − t) − v·sigmoid(−z))·factors / divisor.

    z, t, factors, dz (M, W), w (W,).
    """
    z, target, dz = rows_of(row, memory, 0), flat(row, memory, 1), rows_of(row, memory, 6)
    smoothing, w, factors = flat(row, memory, 2)[0], flat(row, memory, 3), flat(row, memory, 4)
    scale = one_over(flat(row, memory, 5)[0])
    M, W = z.shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        for c in range(W):
            t = target[m * W + c] * (1.0 - smoothing) + 0.5 * smoothing
            slope = (1.0 - t) - (1.0 + (w[c] - 1.0) * t) * sigmoid(-z[m, c])
            dz[m, c] = slope * factors[m * W + c] * scale
