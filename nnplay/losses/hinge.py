"""Hinge loss: the right class must win by a margin. One output for two classes, or one output for each class."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import integer as integer_field
from nnplay.fields import number
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.operands import flat, integer, rows_of, share
from nnplay.losses._costs import costs_plan, listed
from nnplay.operations.scoring import ABOVE_ZERO, LARGEST, both_classes, sigmoid, softmax
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import CLASS_WEIGHTS, REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, as_term, scalar, total

Array = NDArray[Any]


HINGE = LossRecord(
    name="hinge",
    title="Hinge",
    about="Maximum margin, as in support vector machines: the right class must win by a margin.",
    when="When only the decision boundary matters, not how confident the prediction is.",
    formula="1/(N·C) · Σ w[right]·max(0, margin − z[right] + z[other])^p",
    target="labels",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: 1 if count == 2 else count,
    fields=(
        number("margin", 1.0, "how much the right class must win by", low=0.0, live=True),
        integer_field("p", 1, "1, or 2 for the squares of what is lacking", low=1, high=2),
        CLASS_WEIGHTS,
        REDUCTION,
    ),
    decide=lambda z: decide(z),
    probabilities=lambda z: probabilities(z),
    torch="multi_margin_loss",
    twin=Twin(
        "nn.functional.multi_margin_loss",
        lambda values, shape: {
            "p": values["p"],
            "margin": values["margin"],
            "reduction": values["reduction"],
            **({"weight": [float(w) for w in values["class_weights"].split(",")]} if values["class_weights"] else {}),
        },
        loss_inputs=lambda prediction, target, values: (prediction, target.long()),
        covers=lambda values, shape: shape[-1] > 1,
    ),
    cases=(
        Case({}, (1,)),
        Case({"margin": 0.5}, (5,)),
        Case({"p": 2}, (17,)),
        Case({"class_weights": "1,2,0.5", "reduction": "sum"}, (3, 4, 3)),
        Case({"class_weights": "1,3", "p": 2}, (1,)),
    ),
    refused=(
        Refused({"margin": -1}, (1,), "≥ 0"),
        Refused({"p": 3}, (1,), "≥ 1 and ≤ 2"),
        Refused({"class_weights": "1"}, (3,), "1 number for 3 classes"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Scores z (N, …, C) and labels (N, …) → costs (N, …) → loss (1,), dz (N, …, C); one output decides by its sign."""
    weights = listed(values["class_weights"], max(2, shape[-1]), "hinge", "class_weights")
    power = {"power": int(values["p"])}
    return costs_plan(
        _costs_operation(),
        _gradient_operation(),
        shape[:-1],
        work=4 * int(np.prod(shape)),
        values=values,
        weighted=weighted,
        score=Use(ABOVE_ZERO if shape[-1] == 1 else LARGEST),
        constants={"class_weights": np.ones(max(2, shape[-1])) if weights is None else weights},
        integers=power,
    )


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="hinge of each",
        kernel=costs,
        cuda=(CudaRow(costs),),
        reads=("prediction", "target", "margin", "class_weights"),
        writes=("costs",),
        reference=reference,
        formula=(
            "costs[n] = w[t]/C · Σ_{c≠t} max(0, margin − z[n,t] + z[n,c])^p;  one output: w[t]·max(0, margin ∓ z[n])^p"
        ),
        words="Requires the right class to win by a margin. Rows where it already does cost nothing and teach nothing.",
        element=_element,
        integers=("power",),
        torch="torch.nn.functional.multi_margin_loss; for one output hinge_embedding_loss's rule on ±1 targets",
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=gradient,
        cuda=(CudaRow(gradient),),
        reads=("prediction", "target", "margin", "class_weights", "factors", "divisor"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dz[n,c] = w[t]/C · p·max(0, gap)^(p−1)·[c too close]·factors / divisor;  dz[n,t] = −Σ of the others",
        words="Every class that comes too close is pushed down and the right class up: all equally hard, or, squared, "
        "as hard as they come close.",
        element=_element_back,
        integers=("power",),
        torch="autograd",
    )


def _gaps(z: Array, target: Array, margin: Array) -> tuple[Array, Array]:
    """By how much each wrong class comes too close, (M, C), or one output is short of its side; labels, −1: none."""
    rows, labels = z.reshape(-1, z.shape[-1]), target.ravel().astype(np.int64)
    if rows.shape[1] == 1:
        return np.maximum(0, margin - np.where(labels == 1, 1, -1)[:, None] * rows), (labels == 1).astype(np.int64)
    labels = np.where((labels >= 0) & (labels < rows.shape[1]), labels, -1)
    own = np.arange(len(rows)), labels
    gaps = margin + (rows - rows[own][:, None])
    gaps[own] = 0
    return np.maximum(0, gaps), labels


def reference(prediction: Array, target: Array, margin: Array, class_weights: Array, power: int) -> Array:
    gaps, labels = _gaps(prediction, target, margin)
    found = class_weights[labels] * (gaps**power).sum(axis=1) / gaps.shape[1]
    return np.asarray(np.where(labels < 0, np.nan, found).reshape(prediction.shape[:-1]))


def reference_back(
    prediction: Array, target: Array, margin: Array, class_weights: Array, factors: Array, divisor: Array, power: int
) -> Array:
    gaps, labels = _gaps(prediction, target, margin)
    slopes = (gaps > 0) if power == 1 else 2 * gaps
    scale = class_weights[labels] * factors.ravel() * inverse(divisor) / gaps.shape[1]
    result = np.where(labels < 0, 0.0, scale)[:, None] * slopes
    if result.shape[1] == 1:
        result *= np.where(labels == 1, -1, 1)[:, None]
    else:
        result[np.arange(len(result)), labels] = -result.sum(axis=1)
    return np.asarray(result.reshape(prediction.shape))


def _too_close(z: Named, n: int, c: int, label: int, margin: Term) -> Term:
    if z.shape[1] == 1:
        gap = margin - z[n, 0] if label == 1 else margin + z[n, 0]
    else:
        gap = margin + (z[n, c] - z[n, label])
    return apply("max", max, 0.0, gap)


def _element(at: Any, prediction: Named, target: Named, margin: Named, class_weights: Named, power: int) -> Term:
    z = Named("z", prediction.array.reshape(-1, prediction.shape[-1]))
    n = int(np.ravel_multi_index(at, prediction.shape[:-1]))
    label, C = int(target.array.ravel()[n]), z.shape[1]
    wrong = [c for c in range(C) if C == 1 or c != label]
    return (
        class_weights[label] * total(_too_close(z, n, c, label, scalar("margin", margin)) ** power for c in wrong) / C
    )


def _element_back(
    at: Any, prediction: Named, target: Named, margin: Named, class_weights: Named, factors: Named, divisor: Named,
    power: int,
) -> Term:  # fmt: skip
    if divisor.array[0] == 0:
        return as_term(0.0)
    z = Named("z", prediction.array.reshape(-1, prediction.shape[-1]))
    n, c = int(np.ravel_multi_index(at[:-1], prediction.shape[:-1])), int(at[-1])
    label, C = int(target.array.ravel()[n]), z.shape[1]
    limit = scalar("margin", margin)

    def slope(k: int) -> Term:
        gap = _too_close(z, n, k, label, limit)
        return apply("step", lambda one: float(one > 0), gap) if power == 1 else 2 * gap

    factor = class_weights[label] * factors[at[:-1]] / divisor[0] / C
    if c != label and C > 1:
        return factor * slope(c)
    pushed = total(slope(k) for k in range(C) if C == 1 or k != label)
    return factor * (pushed if C == 1 and label != 1 else -pushed)


def decide(z: Array) -> NDArray[np.int64]:
    """The sign of one output, or the largest of several."""
    return (z[..., 0] > 0).astype(np.int64) if z.shape[-1] == 1 else z.argmax(axis=-1).astype(np.int64)


def probabilities(z: Array) -> Array:
    """Scores are no probabilities; for pictures they are squeezed as if they were logits."""
    return both_classes(sigmoid(z)) if z.shape[-1] == 1 else softmax(z)


@inline
def raised(gap: Any, power: int) -> Any:
    """max(0, gap), or its square."""
    open_ = max(0.0, gap)
    return open_ if power == 1 else open_ * open_


@inline
def steep(gap: Any, power: int) -> Any:
    """The slope of that: 1 where the gap is open, or twice the gap."""
    return (1.0 if power == 1 else 2.0 * gap) if gap > 0.0 else 0.0


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[m] = w[t]/C · Σ_{c≠t} max(0, margin − z[m,t] + z[m,c])^p, for z (M, C), target and costs (M,), w (C,).

    One output: w[t]·max(0, margin − z[m])^p for class 1, with z negated for class 0; w (2,).
    """
    z, target, power = rows_of(row, memory, 0), flat(row, memory, 1), integer(row, 0)
    margin, w, cost = flat(row, memory, 2)[0], flat(row, memory, 3), flat(row, memory, 4)
    M, C = z.shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        label = int(target[m])
        summed = np.float64(0)
        if C == 1:
            label = 1 if label == 1 else 0
            summed += raised(margin - z[m, 0] if label == 1 else margin + z[m, 0], power)
        elif 0 <= label < C:
            for c in range(C):
                if c != label:
                    summed += raised(margin + (z[m, c] - z[m, label]), power)  # margin − z first would round it
        cost[m] = w[label] * summed / C if C == 1 or 0 <= label < C else np.float64(np.nan)


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = w[t]/C · Σ max(0, gap)^p, so dz[m,c] = w[t]/C·p·max(0, gap)^(p−1)·factors / divisor, dz[m,t] = −Σ.

    z, dz (M, C), target and factors (M,), w (C,), or (2,) for one output.
    """
    z, target, power = rows_of(row, memory, 0), flat(row, memory, 1), integer(row, 0)
    margin, w, factors = flat(row, memory, 2)[0], flat(row, memory, 3), flat(row, memory, 4)
    scale, dz = one_over(flat(row, memory, 5)[0]), rows_of(row, memory, 6)
    M, C = z.shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        label = int(target[m])
        if C == 1:
            label = 1 if label == 1 else 0
            sign = 1.0 if label == 1 else -1.0
            dz[m, 0] = -sign * w[label] * factors[m] * scale * steep(margin - sign * z[m, 0], power)
        elif 0 <= label < C:
            factor = w[label] * factors[m] * scale / DTYPE(C)
            pushed = DTYPE(0.0)
            for c in range(C):
                dz[m, c] = factor * steep(margin + (z[m, c] - z[m, label]), power) if c != label else 0.0
                pushed += dz[m, c]
            dz[m, label] = -pushed
        else:
            for c in range(C):
                dz[m, c] = 0.0
