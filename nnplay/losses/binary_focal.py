"""Binary focal loss on logits: cross-entropy in which rows that are right already count little (Lin et al., 2017)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import exp, log1p
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.operations.scoring import ABOVE_ZERO, both_classes, decide_above
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.worked import Term, apply

Array = NDArray[Any]


BINARY_FOCAL = LossRecord(
    name="binary_focal",
    title="Binary focal loss (on logits)",
    about="For two classes of which one is rare, or for several labels a row: easy rows hardly count.",
    when="Two classes, when the common one drowns the rare one out.",
    formula="1/M · Σ α·(1 − p[t])^γ·(−log p[t]),  p[t] = sigmoid(±z)",
    target="binary",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: 1,
    answer=sigmoid_of,
    fields=(
        number("gamma", 2.0, "how much less easy rows count; 0: cross-entropy", low=0.0, high=20.0, live=True),
        number("alpha", 0.25, "what class 1 counts, and 1 − alpha class 0; -1: both 1", low=-1.0, high=1.0, live=True),
        REDUCTION,
    ),
    decide=decide_above(0.0),
    probabilities=lambda z: both_classes(sigmoid_of(z)),
    torch="none in torch.nn; torchvision.ops.sigmoid_focal_loss",
    cases=(
        Case({}, (1,)),
        Case({"gamma": 0.5, "alpha": -1}, (17,)),
        Case({"gamma": 0.0, "reduction": "sum"}, (3, 4, 1)),
    ),
    refused=(Refused({"gamma": -1}, (1,), "≥ 0"), Refused({"alpha": 2}, (1,), "≤ 1")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logits z and 0/1 targets (N, …) of one shape → loss (1,), dz (N, …)."""
    return _operations().plan(shape, values, weighted=weighted, score=ABOVE_ZERO)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "binary focal loss",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        term=_term,
        term_back=_term_back,
        settings=("gamma", "alpha"),
        symbol="z",
        formula="loss = 1/M · Σ α·(1 − p)^γ·(−log p), with p = sigmoid(z) for class 1, sigmoid(−z) for class 0",
        formula_back="dz = ∓α·(1 − p)^γ·(1 − p − γ·p·log p) / M",
        words="Log loss times (1 − p)^γ: what is right and certain hardly counts, what is wrong counts in full.",
        words_back="Rows that are wrong push as in log loss; rows that are right hardly push at all.",
        torch="torchvision.ops.sigmoid_focal_loss",
    )


def _alpha(t: Array, alpha: Array) -> Array:
    return np.asarray(np.where(alpha < 0, 1.0, np.where(t > 0.5, alpha, 1 - alpha)))


def reference(z: Array, t: Array, gamma: Array, alpha: Array) -> Array:
    own = np.where(t > 0.5, z, -z)
    surprise = np.logaddexp(0, -own)
    return np.asarray(_alpha(t, alpha) * np.exp(-gamma * np.logaddexp(0, own)) * surprise)


def slope(z: Array, t: Array, gamma: Array, alpha: Array) -> Array:
    sign = np.where(t > 0.5, 1.0, -1.0)
    own = sign * z
    surprise, missing = np.logaddexp(0, -own), sigmoid_of(-own)
    raised = np.exp(-gamma * np.logaddexp(0, own))
    return np.asarray(-sign * _alpha(t, alpha) * raised * (missing + gamma * sigmoid_of(own) * surprise))


def _parts(z: Term, t: Term, gamma: Term, alpha: Term) -> tuple[Term, Term, Term]:
    """What the class weighs, p, and (1 − p)^γ."""
    weight = 0 * alpha + 1 if alpha.value < 0 else alpha if t.value > 0.5 else 1 - alpha
    p = apply("sigmoid", lambda x: float(sigmoid_of(np.asarray(x))), z if t.value > 0.5 else -z)
    return weight, p, apply("pow", math.pow, 1 - p, gamma)


def _term(z: Term, t: Term, gamma: Term, alpha: Term) -> Term:
    weight, p, raised = _parts(z, t, gamma, alpha)
    return -(weight * raised * apply("log", math.log, p))


def _term_back(z: Term, t: Term, gamma: Term, alpha: Term) -> Term:
    weight, p, raised = _parts(z, t, gamma, alpha)
    pushed = weight * raised * (1 - p - gamma * p * apply("log", math.log, p))
    return -pushed if t.value > 0.5 else pushed


@inline
def value(z: Any, t: Any, gamma: Any, alpha: Any) -> Any:
    """α·(1 − p)^γ·(−log p), with log(1 − p) = −log(1 + eˢ) and log p = −log(1 + e^−s), s = ±z."""
    own = z if t > 0.5 else -z
    near = log1p(exp(-abs(own)))
    surprise = near + (0.0 if own > 0.0 else -own)
    raised = exp(-gamma * (near + (own if own > 0.0 else 0.0)))
    weight = 1.0 if alpha < 0.0 else (alpha if t > 0.5 else 1.0 - alpha)
    return weight * raised * surprise


@inline
def derivative(z: Any, t: Any, gamma: Any, alpha: Any) -> Any:
    """∓α·(1 − p)^γ·(1 − p − γ·p·log p)."""
    sign = 1.0 if t > 0.5 else -1.0
    own = sign * z
    near = log1p(exp(-abs(own)))
    surprise = near + (0.0 if own > 0.0 else -own)
    raised = exp(-gamma * (near + (own if own > 0.0 else 0.0)))
    weight = 1.0 if alpha < 0.0 else (alpha if t > 0.5 else 1.0 - alpha)
    missing = exp(-(near + (own if own > 0.0 else 0.0)))
    return -sign * weight * raised * (missing + gamma * exp(-surprise) * surprise)


LOOPS = pointwise_loops(value, derivative, settings=2)
