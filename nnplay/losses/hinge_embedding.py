"""Hinge embedding loss: distances of pairs that belong together become small, others as large as a margin."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.operations.scoring import BELOW_HALF, both_classes
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Term, apply

Array = NDArray[Any]

HINGE_EMBEDDING = LossRecord(
    name="hinge_embedding",
    title="Hinge embedding",
    about="For networks whose output is a distance, as of two inputs: it becomes small where the label is 1, and at "
    "least as large as the margin where it is 0 (−1 in PyTorch).",
    when="Pairs that are alike or not, when the network itself says how far apart they are.",
    formula="1/M · Σ (z where t = 1, else max(0, margin − z))",
    target="binary",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: 1,
    answer=lambda z: likeness(z),
    decide=lambda z: decide(z),
    probabilities=lambda z: both_classes(likeness(z)),
    fields=(
        number("margin", 1.0, "distance from which unlike pairs cost nothing", low=0.0, high=1e6, live=True),
        REDUCTION,
    ),
    torch="hinge_embedding_loss",
    twin=Twin(
        "nn.functional.hinge_embedding_loss",
        same_arguments,
        loss_inputs=lambda prediction, target, values: (prediction, 2 * target - 1),
    ),
    cases=(Case({}, (1,)), Case({"margin": 0.5}, (17,)), Case({"margin": 2.0, "reduction": "sum"}, (3, 4, 1))),
    refused=(Refused({"margin": -1}, (1,), "≥ 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Distances z and labels 0 or 1 (N, …) → loss (1,), dz (N, …)."""
    return _operations().plan(shape, values, weighted=weighted, score=BELOW_HALF)


def likeness(z: Array) -> Array:
    """How likely a pair belongs together, from its distance: 4^−z, one half at 0.5, and 1 for distances below 0."""
    return np.asarray(4.0 ** -np.maximum(z, 0.0))


def decide(z: Array) -> NDArray[np.int64]:
    """1 where pairs are nearer than one half."""
    return (z[..., 0] < 0.5).astype(np.int64)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "hinge embedding",
        loops=LOOPS,
        reference=lambda z, t, margin: np.where(t > 0.5, z, np.maximum(0, margin - z)),
        slope=lambda z, t, margin: np.where(t > 0.5, 1.0, np.where(z < margin, -1.0, 0.0)),
        term=_term,
        term_back=lambda z, t, margin: apply(
            "slope", lambda one, label, limit: 1.0 if label > 0.5 else -1.0 * (one < limit), z, t, margin
        ),
        settings=("margin",),
        symbol="z",
        formula="loss = 1/M · Σ (z where t = 1, else max(0, margin − z))",
        formula_back="dz = (1 where t = 1, else −1 where z < margin, else 0) / M",
        words="A pair that belongs together costs its distance, another one what its distance lacks to the margin.",
        words_back="Like pairs are pulled together; unlike ones are pushed apart until they are the margin away.",
        torch="torch.nn.functional.hinge_embedding_loss",
    )


def _term(z: Term, t: Term, margin: Term) -> Term:
    return z * 1.0 if t.value > 0.5 else apply("max", max, 0.0, margin - z)


@inline
def value(z: Any, t: Any, margin: Any) -> Any:
    """z for label 1, max(0, margin − z) for label 0; a label that is no number gives none."""
    return z if t > 0.5 else (max(0.0, margin - z) if t <= 0.5 else t)


@inline
def derivative(z: Any, t: Any, margin: Any) -> Any:
    """1 for label 1; for label 0, −1 up to the margin and 0 behind it."""
    return 1.0 if t > 0.5 else (-1.0 if z < margin else 0.0)


LOOPS = pointwise_loops(value, derivative, settings=1)
