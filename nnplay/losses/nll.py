"""Negative log-likelihood of classes on log probabilities, behind a log_softmax layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import flat, integer, rows_of, share
from nnplay.losses._costs import costs_plan, listed, score_of_labels
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import CLASS_WEIGHTS, IGNORE_INDEX, REDUCTION, LossPlan, LossRecord, need_classes
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


NLL = LossRecord(
    name="nll",
    title="Negative log-likelihood",
    about="For choosing one of several classes, when the network ends with log_softmax.",
    when="Several classes, when the network gives log probabilities.",
    formula="−1/Σw · Σₙ w[t]·y[n, target[n]]",
    target="labels",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(CLASS_WEIGHTS, IGNORE_INDEX, REDUCTION),
    decide=lambda y: y.argmax(axis=-1).astype(np.int64),
    probabilities=np.exp,
    ends="log_softmax",
    torch="nll_loss",
    twin=Twin(
        "nn.functional.nll_loss",
        lambda values, shape: {
            "reduction": values["reduction"],
            "ignore_index": values["ignore_index"],
            **({"weight": [float(w) for w in values["class_weights"].split(",")]} if values["class_weights"] else {}),
        },
        loss_inputs=lambda prediction, target, values: (prediction, target.long()),
    ),
    cases=(
        Case({}, (2,)),
        Case({"class_weights": "1,3,0.5", "ignore_index": 0}, (3,)),
        Case({"reduction": "sum"}, (17,)),
        Case({}, (3, 4, 3)),
    ),
    refused=(
        Refused({}, (1,), "at least two outputs"),
        Refused({"class_weights": "1"}, (2,), "1 number for 2 classes"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Log probabilities y (N, …, C) and labels (N, …) → costs (N, …) → loss (1,), dy (N, …, C)."""
    need_classes(shape, "nll", binary="binary_cross_entropy_logits", behind="log_softmax")
    weights = listed(values["class_weights"], shape[-1], "nll", "class_weights")
    score, tallies = score_of_labels(values)
    return costs_plan(
        _costs_operation(),
        _gradient_operation(),
        shape[:-1],
        work=2 * int(np.prod(shape)),
        values=values,
        weighted=weighted,
        labels=True,
        class_weights=np.ones(shape[-1]) if weights is None else weights,
        score=score,
        tallies=tallies,
    )


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="negative log-likelihood of each",
        kernel=costs,
        cuda=(CudaRow(costs),),
        reads=("prediction", "target", "class_weights"),
        writes=("costs",),
        reference=reference,
        formula="costs[n] = −w[t]·y[n, target[n]]",
        words="How surprised the predicted log probabilities are by the right class.",
        element=_element,
        integers=("ignored",),
        torch="torch.nn.functional.nll_loss",
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=gradient,
        cuda=(CudaRow(gradient),),
        reads=("prediction", "target", "class_weights", "factors", "divisor"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dy = −onehot(target)·w·factors / divisor",
        words="Only the right class is pushed, as hard for every row. Log softmax then lowers the others.",
        element=_element_back,
        torch="autograd",
    )


def _known(prediction: Array, target: Array) -> tuple[Array, Array]:
    """Labels (M,), 0 where there is no such output, and where there is one."""
    given = target.ravel()
    known = (given >= 0) & (given < prediction.shape[-1])
    return np.where(known, given, 0).astype(np.int64), known


def reference(prediction: Array, target: Array, class_weights: Array, ignored: int) -> Array:
    label, known = _known(prediction, target)
    picked = prediction.reshape(-1, prediction.shape[-1])[np.arange(len(label)), label]
    costs = np.where(known, -class_weights[label] * picked, np.nan)
    return np.asarray(np.where(target.ravel() == ignored, 0.0, costs).reshape(prediction.shape[:-1]))


def reference_back(prediction: Array, target: Array, class_weights: Array, factors: Array, divisor: Array) -> Array:
    label, known = _known(prediction, target)
    result = np.zeros((len(label), prediction.shape[-1]))
    result[np.arange(len(label)), label] = -class_weights[label] * factors.ravel() * inverse(divisor) * known
    return result.reshape(prediction.shape)


def _element(at: Any, prediction: Named, target: Named, class_weights: Named, ignored: int) -> Term:
    label = int(target.array.reshape(prediction.shape[:-1])[at])
    return as_term(0.0) if label == ignored else -(class_weights[label] * prediction[(*at, label)])


def _element_back(
    at: Any, prediction: Named, target: Named, class_weights: Named, factors: Named, divisor: Named
) -> Term:
    label = int(target.array.reshape(prediction.shape[:-1])[at[:-1]])
    if at[-1] != label or divisor.array[0] == 0:
        return as_term(0.0)
    return -(class_weights[label] * factors[at[:-1]] / divisor[0])


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[n] = −w[t]·y[n, t], t = target[n]; y (N, C), target and costs (N,), w (C,)."""
    y, target, w = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    cost = flat(row, memory, 3)
    N, C = y.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        label = int(target[n])
        if label == integer(row, 0):
            cost[n] = 0.0
        elif 0 <= label < C:
            cost[n] = -w[label] * y[n, label]
        else:
            cost[n] = math.nan


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[n] = −w[t]·y[n, t], so dy[n, t] = −w[t]·factors / divisor, 0 elsewhere; dy (N, C), target, factors (N,)."""
    target, w, factors = flat(row, memory, 1), flat(row, memory, 2), flat(row, memory, 3)
    scale, dy = one_over(flat(row, memory, 4)[0]), rows_of(row, memory, 5)
    N, C = dy.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for c in range(C):
            dy[n, c] = 0.0
        label = int(target[n])
        if 0 <= label < C:
            dy[n, label] = -w[label] * factors[n] * scale
