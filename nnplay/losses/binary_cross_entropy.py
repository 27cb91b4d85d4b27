"""Binary cross-entropy on probabilities: the log loss behind a sigmoid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import log
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.operations.scoring import ABOVE_HALF, both_classes, decide_above
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, smoothed
from nnplay.records.worked import Term, apply

Array = NDArray[Any]


BINARY_CROSS_ENTROPY = LossRecord(
    name="binary_cross_entropy",
    title="Binary cross-entropy (on probabilities)",
    about="Log loss for two classes, for a network that ends with a sigmoid.",
    when="Two classes, when the network ends with a sigmoid.",
    formula="−1/M · Σ (t·log p + (1 − t)·log(1 − p))",
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
        REDUCTION,
    ),
    decide=decide_above(0.5),
    probabilities=both_classes,
    ends="sigmoid",
    torch="binary_cross_entropy",
    twin=Twin(
        "nn.functional.binary_cross_entropy",
        lambda values, shape: {"reduction": values["reduction"]},
        loss_inputs=smoothed,
    ),
    cases=(Case({}, (1,)), Case({"label_smoothing": 0.1}, (17,)), Case({"reduction": "sum"}, (3, 4, 1))),
    refused=(Refused({"label_smoothing": 1.5}, (1,), "≤ 1"),),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Probabilities p and 0/1 targets (N, …) of one shape → loss (1,), dp (N, …)."""
    return _operations().plan(shape, values, weighted=weighted, score=ABOVE_HALF)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "binary cross-entropy",
        loops=LOOPS,
        reference=reference,
        slope=slope,
        term=_term,
        term_back=_term_back,
        settings=("label_smoothing",),
        formula="loss = −1/M · Σ (t·log p + (1 − t)·log(1 − p))",
        formula_back="dp = (p − t) / (p·(1 − p)) / M",
        words="How surprised the predicted probabilities are by the true labels, on average.",
        words_back="Confident mistakes are pushed hardest: the divisor is small where p is near 0 or 1.",
        torch="torch.nn.functional.binary_cross_entropy",
    )


def _smooth(t: Any, smoothing: Any) -> Any:
    return t * (1 - smoothing) + 0.5 * smoothing


def reference(p: Array, t: Array, smoothing: Array) -> Array:
    t = _smooth(t, smoothing)
    with np.errstate(divide="ignore"):
        return np.asarray(-t * np.maximum(np.log(p), -100) - (1 - t) * np.maximum(np.log(1 - p), -100))


def slope(p: Array, t: Array, smoothing: Array) -> Array:
    return np.asarray((p - _smooth(t, smoothing)) / np.maximum(p * (1 - p), 1e-12))


def _log(x: float) -> float:
    return max(math.log(x), -100.0) if x > 0 else -100.0


def _term(p: Term, t: Term, smoothing: Term) -> Term:
    wanted = _smooth(t, smoothing) if smoothing.value else t
    return -(wanted * apply("log", _log, p) + (1 - wanted) * apply("log", _log, 1 - p))


def _term_back(p: Term, t: Term, smoothing: Term) -> Term:
    wanted = _smooth(t, smoothing) if smoothing.value else t
    return (p - wanted) / apply("max", max, p * (1 - p), 1e-12)


@inline
def value(p: Any, t: Any, smoothing: Any) -> Any:
    """−t·log p − (1 − t)·log(1 − p); logarithms end at −100, as in PyTorch, so that the loss stays finite."""
    t = t * (1.0 - smoothing) + 0.5 * smoothing
    return (t - 1.0) * max(log(1.0 - p), -100.0) - t * max(log(p), -100.0)


@inline
def derivative(p: Any, t: Any, smoothing: Any) -> Any:
    """(p − t) / (p(1 − p)), whose divisor ends at 1e-12, as in PyTorch."""
    t = t * (1.0 - smoothing) + 0.5 * smoothing
    return (p - t) / max(p * (1.0 - p), 1e-12)


LOOPS = pointwise_loops(value, derivative, settings=1)
