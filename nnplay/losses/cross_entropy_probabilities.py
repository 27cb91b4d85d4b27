"""Categorical cross-entropy on probabilities: the negative log-likelihood behind a softmax layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import fold, once, room, whole
from nnplay.kernels.cuda.row_counts import row_folds, row_parts
from nnplay.kernels.elementary import log
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.operations.scoring import LARGEST
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import LossPlan, LossRecord, need_classes
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, total

Array = NDArray[Any]


CROSS_ENTROPY_PROBABILITIES = LossRecord(
    name="cross_entropy_probabilities",
    title="Cross-entropy (on probabilities)",
    about="For choosing one of several classes, when the network ends with softmax.",
    when="Several classes, when you want to see softmax as a layer.",
    formula="−1/N · Σₙ log p[n, target[n]]",
    target="labels",
    plan=lambda values, shape: plan(values, shape),
    outputs=lambda count: count,
    decide=lambda p: p.argmax(axis=-1).astype(np.int64),
    probabilities=lambda p: p,
    ends="softmax",
    torch="nll_loss of the logarithm",
    twin=Twin(
        "nn.functional.nll_loss",
        loss_inputs=lambda prediction, target, values: (prediction.log(), target.long()),
    ),
    cases=(Case({}, (2,)), Case({}, (17,)), Case({}, (3, 4, 3))),
    refused=(Refused({}, (1,), "at least two outputs"),),
)


def plan(values: Mapping[str, Any], shape: Shape) -> LossPlan:
    """Probabilities p (N, …, C) and labels (N, …) → loss (1,), dp (N, …, C); all axes before the last are rows."""
    need_classes(shape, "cross_entropy_probabilities", binary="binary_cross_entropy", behind="softmax")
    cost = 2 * int(np.prod(shape))
    return LossPlan(
        forward=(Use(_forward_operation()),), backward=(Use(_backward_operation(), cost=cost),), score=Use(LARGEST)
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="cross-entropy",
        kernel=forward,
        cuda=(CudaRow(rows_cuda, row_parts), CudaRow(fold, row_folds), CudaRow(mean_cuda, once)),
        reads=("prediction", "target"),
        writes=("loss",),
        reference=reference,
        formula="loss = −1/N · Σₙ log p[n, target[n]]",
        words="How surprised the predicted probabilities are by the right class, on average.",
        element=_element,
        torch="torch.nn.functional.nll_loss(p.log(), target)",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=backward,
        cuda=(CudaRow(backward),),
        reads=("prediction", "target"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dp = −onehot(target) / p / N",
        words="Only the right class is pushed, the harder the less probable it was. Softmax then lowers the others.",
        element=_element_back,
        torch="autograd",
    )


def _picked(p: Array, target: Array) -> Array:
    """The probability of the right class, in each row."""
    rows = p.reshape(-1, p.shape[-1])
    return np.asarray(rows[np.arange(len(rows)), target.ravel().astype(np.int64)])


def reference(prediction: Array, target: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(-np.mean(np.maximum(np.log(_picked(prediction, target)), -100), keepdims=True))


def reference_back(prediction: Array, target: Array) -> Array:
    rows = prediction.reshape(-1, prediction.shape[-1])
    result = np.zeros_like(rows)
    divisor = np.maximum(_picked(prediction, target), 1e-12)
    result[np.arange(len(rows)), target.ravel().astype(np.int64)] = -1 / len(rows) / divisor
    return np.asarray(result.reshape(prediction.shape))


def _element(at: Any, prediction: Named, target: Named) -> Term:
    p = Named("p", prediction.array.reshape(-1, prediction.shape[-1]))
    labels = target.array.ravel().astype(int)
    logs = (apply("log", lambda x: max(math.log(x), -100.0), p[n, labels[n]]) for n in range(len(labels)))
    return -(total(logs) / len(labels))


def _element_back(at: Any, prediction: Named, target: Named) -> Term:
    p = Named("p", prediction.array.reshape(-1, prediction.shape[-1]))
    row = int(np.ravel_multi_index(at[:-1], prediction.shape[:-1]))
    right = Named("onehot", (np.arange(p.shape[1]) == target.array.ravel()[row]).astype(np.float64))
    return -(right[at[-1]] / p[row, at[-1]]) / p.shape[0]


@inline
def certainty(p: Any, target: Any, n: int) -> Any:
    """log p[n, target[n]], from −100 on."""
    label = int(target[n])
    wrong = label < 0 or label >= p.shape[1]
    return math.nan if wrong else max(log(p[n, label]), -100.0)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss (1,) = −1/N · Σₙ log p[n, target[n]], for p (N, C), target (N,); logarithms end at −100, as in PyTorch."""
    p, target, loss = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    N = p.shape[0]
    summed = np.float64(0)
    for n in range(N):
        summed -= certainty(p, target, n)
    loss[0] = summed / N


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss = −1/N · Σ log p[target], so dp[n,target] = −1 / (N·p[n,target]), 0 elsewhere; p, dp (N, C), target (N,)."""
    p, target, dp = rows_of(row, memory, 0), flat(row, memory, 1), rows_of(row, memory, 2)
    N, C = p.shape
    scale = 1.0 / DTYPE(N)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for c in range(C):
            dp[n, c] = 0.0
        label = int(target[n])
        if 0 <= label < C:
            dp[n, label] = -scale / max(p[n, label], 1e-12)


@kernel
def rows_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = −Σ log p[n, target[n]] over this part of the rows; p (N, C), target (N,)."""
    p, target = rows_of(row, memory, 0), flat(row, memory, 1)
    summed = np.float64(0)
    n = part
    while n < p.shape[0]:
        summed -= certainty(p, target, n)
        n += row[ROW_PARTS]
    room(row, memory)[part] = summed


@kernel
def mean_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss (1,) = Σ sums / N, for target (N,)."""
    flat(row, memory, 2)[0] = whole(row, memory) / DTYPE(flat(row, memory, 1).size)
