"""Connectionist temporal classification: a sequence of labels without times (Graves et al., 2006)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.kernels.arithmetic import scratch
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.elementary import log
from nnplay.kernels.operands import cube, flat, integer, matrix, pointer, share, shifted
from nnplay.kernels.softmax import raise_rows, to_shares
from nnplay.losses._costs import costs_plan
from nnplay.operations.path_sums import (
    IMPOSSIBLE,
    IMPOSSIBLE_LOG,
    NEVER,
    count_labels,
    run_backward,
    run_forward,
    spelled_states,
    sum_backward,
    sum_forward,
)
from nnplay.operations.sequences import BEST_PATHS, decode
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.cuda_rows import PictureRow
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import BATCH, Operation, Shape, Use
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


CTC = LossRecord(
    name="ctc",
    title="CTC (on logits)",
    about="For sequences whose labels have no times, such as speech or handwriting: outputs are read at every step, "
    "and all ways to spell the labels count. Class 0 is the blank; zeros at the end of a target are padding. Applies "
    "log softmax itself, and divides each row's loss by its labels, as PyTorch does.",
    when="Many steps in, a few labels out, in the same order.",
    formula="−1/N · Σₙ 1/|t[n]| · log Σ over paths that spell t[n] of Π p",
    target="sequence",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(REDUCTION,),
    decide=decode,
    torch="ctc_loss of log_softmax, where lengths are given beside padded targets",
    cases=(Case({}, (4, 3)), Case({"reduction": "sum"}, (9, 4)), Case({}, (7, 2))),
    refused=(Refused({}, (3,), "at every step"), Refused({}, (4, 1), "blank")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logits z (N, T, C) and labels (N, S) → costs (N,) → loss (1,), dz (N, T, C)."""
    if len(shape) != 2:
        hint = "keep the steps, as in lstm 32 output=sequence, linear …"
        raise InputError("needs an answer at every step of a sequence", where="ctc", hint=hint)
    if shape[1] < 2:
        hint = "give the last layer one output more than there are labels"
        raise InputError("needs outputs for the blank and for at least one label", where="ctc", hint=hint)
    by_length = {"by_length": int(values["reduction"] == "mean")}
    work = 60 * int(np.prod(shape))
    states = 2 * shape[0] + 1
    return costs_plan(
        _costs_operation(),
        _gradient_operation(),
        (),
        work=work,
        values=values,
        weighted=weighted,
        integers=by_length,
        score=Use(BEST_PATHS),
        saved={
            "probabilities": (BATCH, *shape),
            "occupancy": (BATCH, *shape),
            "paths": (BATCH, shape[0] + 1, states),
        },
    )


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="CTC loss of each",
        kernel=costs,
        cuda=(PictureRow(costs),),
        reads=("prediction", "target"),
        writes=("costs", "probabilities", "occupancy", "paths"),
        reference=reference,
        formula="α[t,s] = log(α[t−1,s] + α[t−1,s−1] + α[t−1,s−2])·p[t, l[s]];  cost = −log(α[T,L] + α[T,L−1]) / |t|",
        words="Adds up, step by step, the probabilities of all ways to spell the labels with blanks between them.",
        element=_element,
        integers=("by_length",),
        torch="torch.nn.functional.ctc_loss",
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=gradient,
        cuda=(PictureRow(gradient),),
        reads=("probabilities", "occupancy", "target", "factors", "divisor"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dz[t,c] = (p[t,c] − P(path is at c in step t))·factors / divisor / |t|",
        words="Each step is pushed from what it says to what the paths that spell the labels say there.",
        element=_element_back,
        integers=("by_length",),
        torch="autograd",
    )


def reference(prediction: Array, target: Array, by_length: int) -> tuple[Array, Array, Array, Array]:
    z = prediction - prediction.max(axis=2, keepdims=True)
    logs = z - np.log(np.exp(z).sum(axis=2, keepdims=True))
    N, T, _ = prediction.shape
    costs, occupancy, paths = np.full(N, np.inf), np.zeros(prediction.shape), np.zeros((N, T + 1, 2 * T + 1))
    for n in range(N):
        states = spelled_states(target[n].astype(np.int64))
        if len(states) > 2 * T + 1:
            continue
        alpha, beta = sum_forward(logs[n], states), sum_backward(logs[n], states)
        whole = np.logaddexp.reduce(alpha[-1, -2:])
        if whole <= IMPOSSIBLE_LOG:
            continue
        costs[n] = -whole / (max(1, len(states) // 2) if by_length else 1)
        both = alpha + beta - logs[n][:, states]
        shares = np.exp(both - both.max(axis=1, keepdims=True))
        hot = states[:, None] == np.arange(prediction.shape[2])
        occupancy[n] = shares / shares.sum(axis=1, keepdims=True) @ hot
        paths[n, :T, : len(states)] = beta - beta.max(axis=1, keepdims=True)
        paths[n, T, : len(states)] = shares[0]
    return costs, np.exp(logs), occupancy, paths


def _labels_in(target: Array) -> Array:
    """Labels of each row (N,), at least 1, as a divisor."""
    padded = np.concatenate([target.reshape(len(target), -1), np.zeros((len(target), 1))], axis=1)
    return np.asarray(np.maximum(1, (padded == 0).argmax(axis=1)))


def reference_back(
    probabilities: Array, occupancy: Array, target: Array, factors: Array, divisor: Array, by_length: int
) -> Array:
    scale = factors.ravel() * inverse(divisor) / (_labels_in(target) if by_length else 1)
    return np.asarray((probabilities - occupancy) * scale[:, None, None])


def _element(at: Any, prediction: Named, target: Named, by_length: int) -> Term:
    likely = -float(reference(prediction.array, target.array, 0)[0][at])
    cost = -Term(likely, "log P(paths that spell t[n])", f"{likely:.4g}")
    return cost / int(_labels_in(target.array)[at]) if by_length else cost


def _element_back(
    at: Any,
    probabilities: Named,
    occupancy: Named,
    target: Named,
    factors: Named,
    divisor: Named,
    by_length: int,
) -> Term:
    if divisor.array[0] == 0:
        return as_term(0.0)
    labels = int(_labels_in(target.array)[at[0]]) if by_length else 1
    return (probabilities[at] - occupancy[at]) * factors[at[0]] / divisor[0] / labels


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[n] = −log Σ over paths that spell target[n] of Π p; z, p (N, T, C), target (N, S), costs (N,).

    occupancy (N, T, C) is how likely such a path is at each class; paths (N, T + 1, 2T + 1) is room for α and β.
    """
    z, target, cost = pointer(row, memory, 0), matrix(row, memory, 1), flat(row, memory, 2)
    p, logs, paths = pointer(row, memory, 3), cube(row, memory, 4), cube(row, memory, 5)
    N, T, C = logs.shape
    tops = scratch(1)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for t in range(T):
            Z, P = shifted(z, (n * T + t) * C), shifted(p, (n * T + t) * C)
            raise_rows(Z, P, tops, C, 1)
            norm = log(to_shares(P, C))
            for c in range(C):
                logs[n, t, c] = Z[c] - tops[0] - norm
        for t in range(T + 1):
            for s in range(paths.shape[2]):
                paths[n, t, s] = 0.0
        labels = count_labels(target, n)
        known = labels <= T
        for k in range(labels):
            known = known and 0 < int(target[n, k]) < C
        whole = run_forward(target, logs, paths, n, T, 2 * labels + 1) if known else np.float64(NEVER)
        if whole > IMPOSSIBLE:
            run_backward(target, logs, paths, n, T, 2 * labels + 1, C)
            cost[n] = -whole / (max(1, labels) if integer(row, 0) != 0 else 1)
        else:
            cost[n] = math.inf
            for t in range(T):
                for c in range(C):
                    logs[n, t, c] = 0.0
                for s in range(paths.shape[2]):
                    paths[n, t, s] = 0.0


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = −log Σ Π p / |t|, so dz = (p − occupancy)·factors / divisor / |t|; p, occupancy, dz (N, T, C).

    factors (N,), target (N, S), of which |t| labels stand in front of the padding.
    """
    p, occupancy, target = cube(row, memory, 0), cube(row, memory, 1), matrix(row, memory, 2)
    factors, scale, dz = flat(row, memory, 3), one_over(flat(row, memory, 4)[0]), cube(row, memory, 5)
    N, T, C = p.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        labels = max(1, count_labels(target, n)) if integer(row, 0) != 0 else 1
        own = factors[n] * scale / DTYPE(labels)
        for t in range(T):
            for c in range(C):
                dz[n, t, c] = (p[n, t, c] - occupancy[n, t, c]) * own
