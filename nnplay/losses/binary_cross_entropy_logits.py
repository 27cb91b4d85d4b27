"""Binary cross-entropy on logits: sigmoid and log loss in one stable step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import exp, log1p, sigmoid
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.operations.scoring import ABOVE_ZERO, both_classes, decide_above
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, smoothed
from nnplay.records.worked import Term, apply

BINARY_CROSS_ENTROPY_LOGITS = LossRecord(
    name="binary_cross_entropy_logits",
    title="Binary cross-entropy (on logits)",
    about="Log loss for two classes; takes the raw output and applies the sigmoid itself.",
    when="Two classes with a single raw output: the safe choice.",
    formula="1/M · Σ (log(1 + eᶻ) − t·z)",
    target="binary",
    plan=lambda values, shape: plan(values, shape),
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
    ),
    decide=decide_above(0.0),
    probabilities=lambda z: both_classes(sigmoid_of(z)),
    torch="binary_cross_entropy_with_logits",
    twin=Twin("nn.functional.binary_cross_entropy_with_logits", loss_inputs=smoothed),
    cases=(Case({}, (1,)), Case({"label_smoothing": 0.1}, (17,)), Case({}, (3, 4, 1))),
    refused=(Refused({"label_smoothing": -0.1}, (1,), "≥ 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> LossPlan:
    """Logits z and 0/1 targets (N, …) of one shape → loss (1,), dz (N, …)."""
    return _operations().plan(shape, ABOVE_ZERO)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "binary cross-entropy on logits",
        loops=LOOPS,
        reference=lambda z, t, smoothing: _costs(z, _smooth(t, smoothing)),
        slope=lambda z, t, smoothing: sigmoid_of(z) - _smooth(t, smoothing),
        term=lambda z, t, smoothing: _term(z, _wanted(t, smoothing)),
        term_back=lambda z, t, smoothing: apply("sigmoid", lambda x: float(sigmoid_of(x)), z) - _wanted(t, smoothing),
        setting="label_smoothing",
        symbol="z",
        formula="loss = 1/M · Σ (log(1 + eᶻ) − t·z)",
        formula_back="dz = (sigmoid(z) − t) / M",
        words="The log loss of sigmoid(z), computed without the sigmoid so that large outputs lose no precision.",
        words_back="Each output is pushed by predicted minus true probability.",
        torch="torch.nn.functional.binary_cross_entropy_with_logits",
    )


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


LOOPS = pointwise_loops(value, derivative, has_setting=True)
