"""Binary focal loss on logits: cross-entropy in which rows that are right already count little (Lin et al., 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.focal import focal_cost, focal_slope
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.operations import focal
from nnplay.operations.scoring import ABOVE_ZERO, both_classes, decide_above
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape

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
        reference=focal.cost,
        slope=focal.slope,
        term=focal.term,
        term_back=focal.term_back,
        settings=("gamma", "alpha"),
        symbol="z",
        formula="loss = 1/M · Σ α·(1 − p)^γ·(−log p), with p = sigmoid(z) for class 1, sigmoid(−z) for class 0",
        formula_back="dz = ∓α·(1 − p)^γ·(1 − p − γ·p·log p) / M",
        words="Log loss times (1 − p)^γ: what is right and certain hardly counts, what is wrong counts in full.",
        words_back="Rows that are wrong push as in log loss; rows that are right hardly push at all.",
        torch="torchvision.ops.sigmoid_focal_loss",
    )


@inline
def value(z: Any, t: Any, gamma: Any, alpha: Any) -> Any:
    """α·(1 − p)^γ·(−log p)."""
    return focal_cost(z, t, gamma, alpha)


@inline
def derivative(z: Any, t: Any, gamma: Any, alpha: Any) -> Any:
    """∓α·(1 − p)^γ·(1 − p − γ·p·log p)."""
    return focal_slope(z, t, gamma, alpha)


LOOPS = pointwise_loops(value, derivative, settings=2)
