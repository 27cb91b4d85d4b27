"""Hinge loss: the right class must win by a margin. One output for two classes, or one output for each class."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.operations.scoring import ABOVE_ZERO, LARGEST, both_classes, sigmoid, softmax
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import LossPlan, LossRecord
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term, apply, scalar, total

Array = NDArray[Any]


HINGE = LossRecord(
    name="hinge",
    title="Hinge",
    about="Maximum margin, as in support vector machines: the right class must win by a margin.",
    when="When only the decision boundary matters, not how confident the prediction is.",
    formula="1/(N·C) · Σ max(0, margin − z[right] + z[other])",
    target="labels",
    plan=lambda values, shape: plan(values, shape),
    outputs=lambda count: 1 if count == 2 else count,
    fields=(number("margin", 1.0, "how much the right class must win by", low=0.0, live=True),),
    decide=lambda z: decide(z),
    probabilities=lambda z: probabilities(z),
    torch="multi_margin_loss",
    twin=Twin(
        "nn.functional.multi_margin_loss",
        same_arguments,
        loss_inputs=lambda prediction, target, values: (prediction, target.long()),
        covers=lambda values, shape: shape[-1] > 1,
    ),
    cases=(Case({}, (1,)), Case({"margin": 0.5}, (5,)), Case({}, (17,)), Case({}, (3, 4, 3))),
    refused=(Refused({"margin": -1}, (1,), "≥ 0"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> LossPlan:
    """Scores z (N, …, C) and labels (N, …) → loss (1,), dz (N, …, C); one output decides by its sign."""
    return LossPlan(
        forward=(Use(_forward_operation()),),
        backward=(Use(_backward_operation(), cost=4 * int(np.prod(shape))),),
        score=Use(ABOVE_ZERO if shape[-1] == 1 else LARGEST),
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="hinge",
        kernel=forward,
        reads=("prediction", "target", "margin"),
        writes=("loss",),
        reference=reference,
        formula=(
            "loss = 1/(N·C) · Σₙ Σ_{c≠t} max(0, margin − z[n,t] + z[n,c]);  one output: 1/N · Σₙ max(0, margin ∓ z[n])"
        ),
        words="Requires the right class to win by a margin. Rows where it already does cost nothing and teach nothing.",
        element=_element,
        torch="torch.nn.functional.multi_margin_loss; for one output hinge_embedding_loss's rule on ±1 targets",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=backward,
        reads=("prediction", "target", "margin"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dz[n,c] = [c too close] / (N·C);  dz[n,t] = −Σ of the others",
        words="Every class that comes too close is pushed down and the right class up, all equally hard.",
        element=_element_back,
        torch="autograd",
    )


def _gaps(z: Array, target: Array, margin: Array) -> Array:
    """By how much each wrong class comes too close, (N, C); for one output, by how much it is short of its side."""
    rows, labels = z.reshape(-1, z.shape[-1]), target.ravel().astype(np.int64)
    if rows.shape[1] == 1:
        return np.asarray(margin - np.where(labels == 1, 1, -1)[:, None] * rows)
    own = np.arange(len(rows)), labels
    gaps = margin + (rows - rows[own][:, None])
    gaps[own] = 0
    return np.asarray(gaps)


def reference(prediction: Array, target: Array, margin: Array) -> Array:
    return np.asarray(np.mean(np.maximum(0, _gaps(prediction, target, margin)), keepdims=True))


def reference_back(prediction: Array, target: Array, margin: Array) -> Array:
    labels = target.ravel().astype(np.int64)
    result = (_gaps(prediction, target, margin) > 0).astype(prediction.dtype)
    if result.shape[1] == 1:
        result *= np.where(labels == 1, -1, 1)[:, None]
    else:
        result[np.arange(len(result)), labels] = -result.sum(axis=1)
    return np.asarray((result / result.size).reshape(prediction.shape))


def _too_close(z: Named, n: int, c: int, label: int, margin: Term) -> Term:
    if z.shape[1] == 1:
        gap = margin - z[n, 0] if label == 1 else margin + z[n, 0]
    else:
        gap = margin + (z[n, c] - z[n, label])
    return apply("max", max, 0.0, gap)


def _element(at: Any, prediction: Named, target: Named, margin: Named) -> Term:
    z = Named("z", prediction.array.reshape(-1, prediction.shape[-1]))
    labels = [int(label) for label in target.array.ravel()]
    N, C = z.shape
    wrong = [(n, c) for n in range(N) for c in range(C) if C == 1 or c != labels[n]]
    return total(_too_close(z, n, c, labels[n], scalar("margin", margin)) for n, c in wrong) / (N * C)


def _element_back(at: Any, prediction: Named, target: Named, margin: Named) -> Term:
    z = Named("z", prediction.array.reshape(-1, prediction.shape[-1]))
    n, c = int(np.ravel_multi_index(at[:-1], prediction.shape[:-1])), int(at[-1])
    label, (N, C) = int(target.array.ravel()[n]), z.shape
    limit = scalar("margin", margin)
    if c != label and C > 1:
        return apply("step", lambda gap: float(gap > 0), _too_close(z, n, c, label, limit)) / (N * C)
    others = [c for c in range(C) if c != label] if C > 1 else [0]
    steps = total(apply("step", lambda gap: float(gap > 0), _too_close(z, n, k, label, limit)) for k in others)
    return (steps if C == 1 and label != 1 else -steps) / (N * C)


def decide(z: Array) -> NDArray[np.int64]:
    """The sign of one output, or the largest of several."""
    return (z[..., 0] > 0).astype(np.int64) if z.shape[-1] == 1 else z.argmax(axis=-1).astype(np.int64)


def probabilities(z: Array) -> Array:
    """Scores are no probabilities; for pictures they are squeezed as if they were logits."""
    return both_classes(sigmoid(z)) if z.shape[-1] == 1 else softmax(z)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss (1,) = 1/(N·C) · Σₙ Σ_{c≠t} max(0, margin − z[n,t] + z[n,c]), for z (N, C), target (N,).

    One output: 1/N · Σₙ max(0, margin − z[n]) for class 1, with z negated for class 0.
    """
    z, target = rows_of(row, memory, 0), flat(row, memory, 1)
    margin, loss = flat(row, memory, 2)[0], flat(row, memory, 3)
    N, C = z.shape
    summed = np.float64(0)
    for n in range(N):
        label = int(target[n])
        if C == 1:
            score = z[n, 0] if label == 1 else -z[n, 0]
            summed += max(0.0, margin - score)
        elif 0 <= label < C:
            for c in range(C):
                if c != label:
                    summed += max(0.0, margin + (z[n, c] - z[n, label]))  # margin − z first would round it
        else:
            summed += np.nan
    loss[0] = summed / (N * C)


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss = Σ max(0, margin − z[t] + z[c]) / (N·C), so dz[n,c] = [c too close] / (N·C), dz[n,t] = −Σ of them.

    z, dz (N, C), target (N,).
    """
    z, target = rows_of(row, memory, 0), flat(row, memory, 1)
    margin, dz = flat(row, memory, 2)[0], rows_of(row, memory, 3)
    N, C = z.shape
    scale = 1.0 / DTYPE(N * C)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        label = int(target[n])
        if C == 1:
            sign = 1.0 if label == 1 else -1.0
            dz[n, 0] = -scale * sign if margin - sign * z[n, 0] > 0.0 else 0.0
        elif 0 <= label < C:
            pushed = 0.0
            for c in range(C):
                close = c != label and margin + (z[n, c] - z[n, label]) > 0.0
                dz[n, c] = scale if close else 0.0
                pushed += dz[n, c]
            dz[n, label] = -pushed
