"""Contrastive loss: rows of one class near each other, others at least a margin apart (Hadsell et al., 2006)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.losses._pairs import GROUP, distance, pairs_kernel, pairs_reference, plan_pairs
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.worked import Named, Term, apply, as_term, scalar, total

Array = NDArray[Any]


CONTRASTIVE = LossRecord(
    name="contrastive",
    title="Contrastive",
    about="For learning where rows lie instead of what they are: outputs are a place, and labels say who belongs "
    f"together. Each row makes pairs with the others of its group of {GROUP} rows of the batch.",
    when="Embeddings: to compare rows, or to see classes as clouds.",
    formula="1/N · Σₙ mean over j of (½·d² for the same class, ½·max(0, margin − d)² for others)",
    target="groups",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: 2 * count,
    fields=(number("margin", 1.0, "how far apart rows of other classes must be", low=0.0, live=True), REDUCTION),
    torch="none: torch has no loss on all pairs; pytorch_metric_learning.losses.ContrastiveLoss",
    cases=(Case({}, (2,)), Case({"margin": 3.0}, (5,)), Case({"reduction": "sum"}, (8,))),
    refused=(Refused({"margin": -1}, (2,), "≥ 0"), Refused({}, (3, 2), "one row of outputs")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Embeddings z (N, E) and labels (N,) → costs (N,) → loss (1,), dz (N, E)."""
    return plan_pairs(values, shape, _costs_operation(), "contrastive", weighted)


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="contrastive loss of each",
        kernel=COSTS,
        cuda=(CudaRow(COSTS),),
        reads=("prediction", "target", "margin"),
        writes=("costs", "distances", "pulls"),
        reference=pairs_reference(_compare),
        formula="costs[n] = mean over j ≠ n of (½·d² where t[n] = t[j], else ½·max(0, margin − d)²), d = |z[n] − z[j]|",
        words="Rows of one class cost by the square of their distance, others by how far they are within the margin.",
        element=_element,
        torch="none: torch has no loss on all pairs",
    )


def _compare(same: Array, away: Array, own: int, margin: float) -> tuple[float, Array]:
    short = np.maximum(0, margin - away)
    there = np.arange(len(away)) != own
    share = max(1, int(there.sum()))
    costs = np.where(same, 0.5 * away**2, 0.5 * short**2)
    return float((costs * there).sum() / share), np.where(same, away, -short) * there / share


def _element(at: Any, prediction: Named, target: Named, margin: Named) -> Term:
    n, labels = at[0], target.array.ravel()
    first = n // GROUP * GROUP
    others = [j for j in range(first, min(first + GROUP, len(labels))) if j != n]
    if not others:
        return as_term(0.0)
    limit = scalar("margin", margin)

    def cost(j: int) -> Term:
        away = distance(Named("z", prediction.array), n, j)
        return 0.5 * away**2 if labels[j] == labels[n] else 0.5 * apply("max", max, 0.0, limit - away) ** 2

    return total(cost(j) for j in others) / len(others)


@inline
def compare(target: Any, distances: Any, pulls: Any, n: int, first: int, last: int, margin: Any) -> Any:
    """The mean cost of n's pairs; pulls[n,j] is d for the same class and −max(0, margin − d) for others, shared out."""
    share = DTYPE(max(1, last - first - 1))
    summed = np.float64(0)
    for j in range(first, last):
        if j != n:
            away = distances[n, j - first]
            if target[j] == target[n]:
                summed += 0.5 * away * away
                pulls[n, j - first] = away / share
            else:
                short = max(0.0, margin - away)
                summed += 0.5 * short * short
                pulls[n, j - first] = -short / share
    return summed / share


COSTS = pairs_kernel(__name__, "costs", compare)
