"""Categorical cross-entropy on logits: softmax and negative log-likelihood in one stable step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import choice, number
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import scratch
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import fold, once, room, whole
from nnplay.kernels.cuda.row_counts import row_folds, row_parts
from nnplay.kernels.cuda.softmax import softmax as softmax_on_card
from nnplay.kernels.elementary import log
from nnplay.kernels.operands import flat, pointer, rows_of, share, shifted, size
from nnplay.kernels.softmax import ROWS, raise_rows, to_shares
from nnplay.kernels.span_sums import last
from nnplay.losses._costs import costs_plan, listed, score_of_labels
from nnplay.losses._log_costs import Kind, costs_operation, gradient_operation
from nnplay.operations.scoring import LARGEST, LARGEST_COLUMN, softmax
from nnplay.records.cuda_rows import LineRow, TotalRow
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import (
    CLASS_WEIGHTS,
    IGNORE_INDEX,
    NOTHING_IGNORED,
    REDUCTION,
    LossPlan,
    LossRecord,
    need_classes,
)
from nnplay.records.operation import BATCH, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, scalar, total

Array = NDArray[Any]


CROSS_ENTROPY = LossRecord(
    name="cross_entropy",
    title="Cross-entropy (on logits)",
    about="The usual loss for choosing one of several classes; takes raw outputs and applies softmax itself.",
    when="Two or more classes with raw outputs: almost always the right choice.",
    formula="−1/N · Σₙ log softmax(z[n])[target[n]]",
    target="labels",
    plan=lambda values, shape: plan(values, shape),
    outputs=lambda count: count,
    fields=(
        number(
            "label_smoothing",
            0.0,
            "label smoothing: share of the target spread over all classes",
            low=0.0,
            high=1.0,
            live=True,
        ),
        CLASS_WEIGHTS,
        IGNORE_INDEX,
        REDUCTION,
        choice(
            "targets",
            "labels",
            "what is learned: one class a row, or columns with a probability for each class",
            ("labels", "probabilities"),
        ),
    ),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    takes=lambda values: "labels" if values["targets"] == "labels" else "distribution",
    answer=softmax,
    decide=lambda z: z.argmax(axis=-1).astype(np.int64),
    probabilities=softmax,
    torch="cross_entropy",
    twin=Twin(
        "nn.functional.cross_entropy",
        lambda values, shape: _torch_arguments(values),
        loss_inputs=lambda prediction, target, values: (
            prediction,
            target.long() if values["targets"] == "labels" else target,
        ),
    ),
    cases=(
        Case({}, (2,)),
        Case({}, (10,)),
        Case({"label_smoothing": 0.1}, (17,)),
        Case({"class_weights": "1,5,0.5", "ignore_index": 2, "label_smoothing": 0.1}, (4, 3)),
        Case({"reduction": "sum", "ignore_index": 1}, (4,)),
        Case({"targets": "probabilities", "class_weights": "1,2,3,4,5", "label_smoothing": 0.1}, (5,)),
        Case({"label_smoothing": 0.2}, (3, 4, 3)),
    ),
    refused=(
        Refused({}, (1,), "at least two outputs"),
        Refused({"label_smoothing": 2}, (2,), "≤ 1"),
        Refused({"class_weights": "1,2"}, (3,), "2 numbers for 3 classes"),
        Refused({"class_weights": "1,-2"}, (2,), "numbers from 0"),
        Refused({"class_weights": "balanced"}, (2,), "training rows"),
        Refused({"targets": "probabilities", "ignore_index": 1}, (2,), "no class"),
    ),
)


def _torch_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: values[name] for name in ("label_smoothing", "reduction")}
    if values["class_weights"]:
        given["weight"] = [float(part) for part in values["class_weights"].split(",")]
    return given | ({"ignore_index": values["ignore_index"]} if values["targets"] == "labels" else {})


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logits z (N, …, C) and labels (N, …) → loss (1,), dz (N, …, C); all axes before the last are rows."""
    need_classes(shape, "cross_entropy", binary="binary_cross_entropy_logits")
    labels, ignores = values["targets"] == "labels", values["ignore_index"] != NOTHING_IGNORED
    if ignores and not labels:
        hint = "set targets=labels, or leave ignore_index out"
        raise InputError("no class can be ignored where targets are probabilities", where="cross_entropy", hint=hint)
    if weighted or ignores or not labels or values["class_weights"] or values["reduction"] == "sum":
        return _plan_costs(values, shape, weighted)
    return LossPlan(
        forward=(Use(_forward_operation()),),  # the sum is one number: it has one part
        backward=(Use(_backward_operation(), cost=4 * int(np.prod(shape))),),
        score=Use(LARGEST),
        saved={"probabilities": (BATCH, *shape)},
    )


def _plan_costs(values: Mapping[str, Any], shape: Shape, weighted: bool) -> LossPlan:
    """Logits z (N, …, C), labels (N, …) or probabilities (N, …, C) → costs (N, …) → loss (1,), dz (N, …, C)."""
    labels = values["targets"] == "labels"
    weights = listed(values["class_weights"], shape[-1], "cross_entropy", "class_weights")
    kind: tuple[Kind, bool] = ("labels" if labels else "soft", weights is not None)
    score, tallies = score_of_labels(values) if labels else (Use(LARGEST_COLUMN), {})
    return costs_plan(
        costs_operation(*kind),
        gradient_operation(*kind),
        shape[:-1],
        work=20 * int(np.prod(shape)),
        values=values,
        weighted=weighted,
        labels=labels,
        class_weights=weights,
        score=score,
        saved={"probabilities": (BATCH, *shape)},
        tallies=tallies,
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="cross-entropy",
        kernel=forward,
        cuda=(LineRow(rows_cuda, row_parts), TotalRow(fold, row_folds), TotalRow(mean_cuda, once)),
        reads=("prediction", "target", "label_smoothing"),
        writes=("loss", "probabilities"),
        reference=reference,
        formula="p = softmax(z);  loss = −1/N · Σₙ log p[n, target[n]]",
        words="Softmax turns outputs into probabilities; the loss is how surprised they are by the right class.",
        element=_element,
        torch="torch.nn.functional.cross_entropy",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=backward,
        cuda=(LineRow(backward_cuda),),
        reads=("probabilities", "target", "label_smoothing"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dz = (p − onehot(target)) / N",
        words=(
            "Each output is pushed by predicted minus true probability: down for wrong classes, up for the right one."
        ),
        element=_element_back,
        torch="autograd",
    )


def _wanted(shape: tuple[int, ...], target: Array, smoothing: Array) -> Array:
    """Target distribution (N, C): one-hot, smoothed."""
    hot = np.zeros(shape, dtype=smoothing.dtype)
    hot[np.arange(shape[0]), target.ravel().astype(np.int64)] = 1
    return np.asarray(hot * (1 - smoothing) + smoothing / shape[1])


def reference(prediction: Array, target: Array, label_smoothing: Array) -> tuple[Array, Array]:
    z = prediction.reshape(-1, prediction.shape[-1])
    shifted = z - z.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    wanted = _wanted(z.shape, target, label_smoothing)
    return -(wanted * logs).sum(keepdims=True).reshape(1) / len(z), np.exp(logs).reshape(prediction.shape)


def reference_back(probabilities: Array, target: Array, label_smoothing: Array) -> Array:
    p = probabilities.reshape(-1, probabilities.shape[-1])
    return np.asarray((p - _wanted(p.shape, target, label_smoothing)) / len(p)).reshape(probabilities.shape)


def _element(at: Any, prediction: Named, target: Named, label_smoothing: Named) -> Term:
    probabilities = Named("p", softmax(prediction.array.reshape(-1, prediction.shape[-1]).astype(np.float64)))
    N, C = probabilities.shape
    smoothing = scalar("smoothing", label_smoothing)
    labels = target.array.ravel().astype(int)
    if not smoothing.value:
        return total(-apply("log", math.log, probabilities[n, labels[n]]) for n in range(N)) / N
    wanted = Named("t", _wanted((N, C), target.array, label_smoothing.array.astype(np.float64)))
    return total(-wanted[n, c] * apply("log", math.log, probabilities[n, c]) for n in range(N) for c in range(C)) / N


def _element_back(at: Any, probabilities: Named, target: Named, label_smoothing: Named) -> Term:
    p = Named("p", probabilities.array.reshape(-1, probabilities.shape[-1]))
    row = int(np.ravel_multi_index(at[:-1], probabilities.shape[:-1]))
    wanted = Named("t", _wanted(p.shape, target.array, label_smoothing.array))
    return (p[row, at[-1]] - wanted[row, at[-1]]) / p.shape[0]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """p = softmax(z), loss = −1/N · Σₙ log p[n, target[n]]; z, p (N, C), target (N,), loss (1,).

    Smoothed, a row costs (1 − smoothing)·(−log p[target]) + smoothing/C · Σ_c (−log p[c]).
    """
    z, target, p = pointer(row, memory, 0), flat(row, memory, 1), pointer(row, memory, 4)
    smoothing, loss = flat(row, memory, 2)[0], flat(row, memory, 3)
    N, C = rows_of(row, memory, 0).shape
    tops = scratch(ROWS)
    summed = np.float64(0)  # a batch of pictures has millions of terms
    for first in range(0, N, ROWS):
        rows = min(ROWS, N - first)
        raise_rows(shifted(z, first * C), shifted(p, first * C), tops, C, rows)
        for n in range(first, first + rows):
            norm = to_shares(shifted(p, n * C), C)
            summed += row_cost(shifted(z, n * C), tops[n - first], norm, int(target[n]), smoothing, C)
    loss[0] = summed / N


@inline
def row_cost(Z: Any, top: Any, norm: Any, label: int, smoothing: Any, C: int) -> Any:
    """The cost of one row of outputs Z (C,), for norm = Σ e^(Z − top)."""
    norm = log(norm)
    wrong = label < 0 or label >= C
    own = math.nan if wrong else top - Z[label] + norm  # `top + norm` first would lose the digits of norm
    if smoothing != 0.0:
        below = np.float64(0)
        for c in range(C):
            below += top - Z[c]
        spread = below + DTYPE(C) * norm
        own = (1.0 - smoothing) * own + smoothing / DTYPE(C) * spread
    return own


@kernel
def rows_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """p = softmax(z), sums[part] = Σ of the costs of this part of the rows; z, p (N, C), target (N,)."""
    z, target, p = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 4)
    smoothing = flat(row, memory, 2)[0]
    N, C = size(row, 1), last(row, 0)
    summed = np.float64(0)
    n = part
    while n < N:
        Z = shifted(z, n * C)
        top, norm = softmax_on_card(Z, shifted(p, n * C), C)
        summed += row_cost(Z, top, norm, int(target[n]), smoothing, C)
        n += row[ROW_PARTS]
    room(row, memory)[part] = summed


@kernel
def mean_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss (1,) = Σ sums / N, for target (N,)."""
    flat(row, memory, 3)[0] = whole(row, memory) / DTYPE(flat(row, memory, 1).size)


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss = −1/N · Σ log softmax(z)[target], so dz = (p − wanted) / N; p, dz (N, C), target (N,).

    wanted = onehot(target)·(1 − smoothing) + smoothing/C
    """
    p, target = rows_of(row, memory, 0), flat(row, memory, 1)
    smoothing, dz = flat(row, memory, 2)[0], rows_of(row, memory, 3)
    N, C = p.shape
    scale = 1.0 / DTYPE(N)
    low = smoothing / DTYPE(C)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for c in range(C):
            dz[n, c] = scale * (p[n, c] - low)
        label = int(target[n])
        if 0 <= label < C:
            dz[n, label] -= scale * (1.0 - smoothing)


@kernel
def backward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `backward`: every parts-th row of dz (N, C), for p (N, C), target (N,)."""
    p, target, dz = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 3)
    smoothing = flat(row, memory, 2)[0]
    N, C = size(row, 1), last(row, 0)
    scale = 1.0 / DTYPE(N)
    low = smoothing / DTYPE(C)
    n = part
    while n < N:
        P, dZ = shifted(p, n * C), shifted(dz, n * C)
        for c in range(C):
            dZ[c] = scale * (P[c] - low)
        label = int(target[n])
        if 0 <= label < C:
            dZ[label] -= scale * (1.0 - smoothing)
        n += row[ROW_PARTS]
