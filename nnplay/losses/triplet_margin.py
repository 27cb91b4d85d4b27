"""Triplet margin loss: every row nearer to its class than to any other, by a margin (Schroff et al., FaceNet, 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice, number
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.losses._pairs import GROUP, distance, pairs_kernel, pairs_reference, plan_pairs
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.worked import Named, Term, apply, as_term, scalar, total

Array = NDArray[Any]


TRIPLET_MARGIN = LossRecord(
    name="triplet_margin",
    title="Triplet margin",
    about="For learning where rows lie instead of what they are: outputs are a place, and labels say who belongs "
    f"together. Each row is an anchor; its positives and negatives are the others of its group of {GROUP} rows of the "
    "batch, all of them or the hardest two. PyTorch takes triplets that were chosen before.",
    when="Embeddings, when only the order of distances matters: faces, duplicates, search.",
    formula="1/N · Σₙ mean over p, q of max(0, d(n,p) − d(n,q) + margin)",
    target="groups",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: 2 * count,
    fields=(
        number("margin", 1.0, "by how much the own class must be nearer", low=0.0, live=True),
        choice("mining", "all", "which triplets count: all of a group, or the hardest of each row", ("all", "hard")),
        REDUCTION,
    ),
    torch="triplet_margin_loss, of triplets chosen before; pytorch_metric_learning mines them",
    cases=(
        Case({}, (2,)),
        Case({"mining": "hard", "margin": 0.5}, (5,)),
        Case({"margin": 2.0, "reduction": "sum"}, (8,)),
    ),
    refused=(Refused({"margin": -1}, (2,), "≥ 0"), Refused({}, (3, 2), "one row of outputs")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Embeddings z (N, E) and labels (N,) → costs (N,) → loss (1,), dz (N, E)."""
    return plan_pairs(values, shape, _costs_operation(values["mining"] == "hard"), "triplet_margin", weighted)


@cache
def _costs_operation(hard: bool) -> Operation:
    chosen = "max over p, q" if hard else "mean over p, q"
    return Operation(
        name="triplet loss of each",
        kernel=HARD if hard else ALL,
        cuda=(CudaRow(HARD if hard else ALL),),
        reads=("prediction", "target", "margin"),
        writes=("costs", "distances", "pulls"),
        reference=pairs_reference(_compare_hard if hard else _compare_all),
        formula=f"costs[n] = {chosen} of max(0, d(n,p) − d(n,q) + margin), t[p] = t[n] ≠ t[q], d(n,j) = |z[n] − z[j]|",
        words="A row costs as long as one of another class is not farther away than one of its own, by the margin.",
        element=_element_hard if hard else _element_all,
        torch="torch.nn.functional.triplet_margin_loss, of triplets chosen before",
    )


def _places(same: Array, own: int) -> tuple[Array, Array]:
    there = np.arange(len(same)) != own
    return np.flatnonzero(same & there), np.flatnonzero(~same)


def _compare_all(same: Array, away: Array, own: int, margin: float) -> tuple[float, Array]:
    pulls = np.zeros(len(away))
    near, far = _places(same, own)
    if not len(near) or not len(far):
        return 0.0, pulls
    gaps = away[near][:, None] - away[far][None] + margin
    open_ = (gaps > 0) / gaps.size
    pulls[near], pulls[far] = open_.sum(axis=1), -open_.sum(axis=0)
    return float((gaps * open_).sum()), pulls


def _compare_hard(same: Array, away: Array, own: int, margin: float) -> tuple[float, Array]:
    pulls = np.zeros(len(away))
    near, far = _places(same, own)
    if not len(near) or not len(far):
        return 0.0, pulls
    p, q = near[away[near].argmax()], far[away[far].argmin()]
    gap = away[p] - away[q] + margin
    if gap > 0:
        pulls[p], pulls[q] = 1.0, -1.0
    return max(0.0, float(gap)), pulls


def _gaps(at: Any, prediction: Named, target: Named, margin: Named) -> list[Term]:
    n, labels = at[0], target.array.ravel()
    first = n // GROUP * GROUP
    others = [j for j in range(first, min(first + GROUP, len(labels))) if j != n]
    z, limit = Named("z", prediction.array), scalar("margin", margin)
    near = [distance(z, n, j) for j in others if labels[j] == labels[n]]
    far = [distance(z, n, j) for j in others if labels[j] != labels[n]]
    return [apply("max", max, 0.0, p - q + limit) for p in near for q in far]


def _element_all(at: Any, prediction: Named, target: Named, margin: Named) -> Term:
    gaps = _gaps(at, prediction, target, margin)
    return total(gaps) / len(gaps) if gaps else as_term(0.0)


def _element_hard(at: Any, prediction: Named, target: Named, margin: Named) -> Term:
    gaps = _gaps(at, prediction, target, margin)
    return max(gaps, key=lambda gap: gap.value) if gaps else as_term(0.0)


@inline
def compare_all(target: Any, distances: Any, pulls: Any, n: int, first: int, last: int, margin: Any) -> Any:
    """The mean of max(0, d(n,p) − d(n,q) + margin); a pull counts the triplets that are open, shared out."""
    near, far = 0, 0
    for j in range(first, last):
        if target[j] != target[n]:
            far += 1
        elif j != n:
            near += 1
    if near == 0 or far == 0:
        return np.float64(0)
    share = 1.0 / DTYPE(near * far)
    summed = np.float64(0)
    for p in range(first, last):
        if p != n and target[p] == target[n]:
            for q in range(first, last):
                if target[q] != target[n]:
                    gap = distances[n, p - first] - distances[n, q - first] + margin
                    if gap > 0.0:
                        summed += gap
                        pulls[n, p - first] += share
                        pulls[n, q - first] -= share
    return summed * share


@inline
def compare_hard(target: Any, distances: Any, pulls: Any, n: int, first: int, last: int, margin: Any) -> Any:
    """max(0, d(n,p) − d(n,q) + margin) for the farthest p of n's class and the nearest q of another."""
    near, far = -1, -1
    for j in range(first, last):
        if target[j] != target[n]:
            if far < 0 or distances[n, j - first] < distances[n, far]:
                far = j - first
        elif j != n and (near < 0 or distances[n, j - first] > distances[n, near]):
            near = j - first
    if near < 0 or far < 0:
        return DTYPE(0.0)
    gap = distances[n, near] - distances[n, far] + margin
    if gap > 0.0:
        pulls[n, near] = 1.0
        pulls[n, far] = -1.0
    return max(0.0, gap)


ALL = pairs_kernel(__name__, "costs_of_all", compare_all)
HARD = pairs_kernel(__name__, "costs_of_the_hardest", compare_hard)
