"""Focal loss on logits: cross-entropy in which rows that are right already count little (Lin et al., 2017)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.arithmetic import scratch
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.elementary import exp, log
from nnplay.kernels.operands import flat, pointer, rows_of, share, shifted
from nnplay.kernels.softmax import raise_rows, to_shares
from nnplay.losses._costs import costs_plan, listed
from nnplay.operations.scoring import LARGEST, softmax
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import CLASS_WEIGHTS, REDUCTION, LossPlan, LossRecord, need_classes
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, apply, as_term, scalar, total

Array = NDArray[Any]
#: Below it a probability counts as this, so that its logarithm is a number.
TINY = DTYPE(1e-37)


FOCAL = LossRecord(
    name="focal",
    title="Focal loss (on logits)",
    about="For classes of which some are rare or hard: rows that are right already hardly count.",
    when="Several classes, when easy rows drown the hard ones out.",
    formula="1/N · Σₙ w[t]·(1 − p[t])^γ·(−log p[t]),  p = softmax(z)",
    target="labels",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(
        number("gamma", 2.0, "how much less easy rows count; 0: cross-entropy", low=0.0, high=20.0, live=True),
        CLASS_WEIGHTS,
        REDUCTION,
    ),
    decide=lambda z: z.argmax(axis=-1).astype(np.int64),
    probabilities=softmax,
    torch="none in torch.nn; torchvision.ops.sigmoid_focal_loss is for two classes",
    cases=(
        Case({}, (2,)),
        Case({"gamma": 0.0, "reduction": "sum"}, (10,)),
        Case({"gamma": 0.5, "class_weights": "1,2,0.25"}, (3,)),
        Case({}, (3, 4, 3)),
    ),
    refused=(
        Refused({}, (1,), "at least two outputs"),
        Refused({"gamma": -1}, (2,), "≥ 0"),
        Refused({"class_weights": "1"}, (2,), "1 number for 2 classes"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logits z (N, …, C) and labels (N, …) → costs (N, …) → loss (1,), dz (N, …, C); rows are all but the last axis."""
    need_classes(shape, "focal", binary="binary_focal")
    weights = listed(values["class_weights"], shape[-1], "focal", "class_weights")
    return costs_plan(
        _costs_operation(),
        _gradient_operation(),
        shape[:-1],
        work=20 * int(np.prod(shape)),
        values=values,
        weighted=weighted,
        score=Use(LARGEST),
        saved={"probabilities": (BATCH, *shape)},
        constants={"class_weights": np.ones(shape[-1]) if weights is None else weights},
    )


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="focal loss of each",
        kernel=costs,
        cuda=(CudaRow(costs),),
        reads=("prediction", "target", "gamma", "class_weights"),
        writes=("costs", "probabilities"),
        reference=reference,
        formula="p = softmax(z);  costs = −w[t]·(1 − p[t])^γ·log p[t]",
        words="Cross-entropy times (1 − p)^γ: what is right and certain hardly counts, what is wrong counts in full.",
        element=_element,
        torch="none in torch.nn; torchvision.ops.sigmoid_focal_loss is for two classes",
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=gradient,
        cuda=(CudaRow(gradient),),
        reads=("probabilities", "target", "gamma", "class_weights", "factors", "divisor"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dz[c] = w[t]·((1 − p)^γ − γ·p·(1 − p)^(γ−1)·log p)·(p[c] − [c = t])·factors / divisor, p = p[t]",
        words="As in cross-entropy, times a factor that is near 0 for rows that are right and near 1 for others.",
        element=_element_back,
        torch="autograd",
    )


def _own(p: Array, target: Array) -> tuple[Array, Array, Array]:
    """Labels, the probability of each row's own class, and of all others together; (M,) each."""
    rows = p.reshape(-1, p.shape[-1])
    label = np.where(np.isfinite(target.ravel()), target.ravel(), -1).astype(np.int64)
    known = (label >= 0) & (label < rows.shape[1])
    place = np.arange(len(rows)), np.where(known, label, 0)
    own = rows[place]
    others = rows.copy()
    others[place] = 0
    return np.where(known, label, -1), own, others.sum(axis=1)


def reference(prediction: Array, target: Array, gamma: Array, class_weights: Array) -> tuple[Array, Array]:
    z = prediction.reshape(-1, prediction.shape[-1])
    shifted_z = z - z.max(axis=1, keepdims=True)
    logs = shifted_z - np.log(np.exp(shifted_z).sum(axis=1, keepdims=True))
    label, _, rest = _own(np.exp(logs), target)
    own = logs[np.arange(len(z)), np.maximum(label, 0)]
    costs = np.where(label < 0, np.nan, -class_weights[np.maximum(label, 0)] * rest ** gamma[0] * own)
    return costs.reshape(prediction.shape[:-1]), np.exp(logs).reshape(prediction.shape)


def _strength(own: Array, rest: Array, gamma: Array) -> Array:
    """(1 − p)^γ − γ·p·(1 − p)^(γ−1)·log p; 0 where a row is right for certain and easy rows count less."""
    if gamma[0] == 0:
        return np.ones_like(own)
    safe = np.where(rest > 0, rest, 1.0)
    found = safe ** gamma[0] * (1 - gamma[0] * own / safe * np.log(np.maximum(own, 1e-300)))
    return np.asarray(np.where(rest > 0, found, 0.0))


def reference_back(
    probabilities: Array, target: Array, gamma: Array, class_weights: Array, factors: Array, divisor: Array
) -> Array:
    p = probabilities.reshape(-1, probabilities.shape[-1])
    label, own, rest = _own(p, target)
    strength = _strength(own, rest, gamma) * class_weights[np.maximum(label, 0)] * factors.ravel() * inverse(divisor)
    hot = np.arange(p.shape[1]) == label[:, None]
    return np.asarray((strength[:, None] * (p - hot)).reshape(probabilities.shape))


def _element(at: Any, prediction: Named, target: Named, gamma: Named, class_weights: Named) -> Term:
    n = int(np.ravel_multi_index(at, prediction.shape[:-1]))
    label = int(target.array.ravel()[n])
    p = Named("p", softmax(prediction.array.reshape(-1, prediction.shape[-1]).astype(np.float64)))
    easy = apply("pow", math.pow, 1 - p[n, label], scalar("γ", gamma))
    return -(class_weights[label] * easy * apply("log", math.log, p[n, label]))


def _element_back(
    at: Any,
    probabilities: Named,
    target: Named,
    gamma: Named,
    class_weights: Named,
    factors: Named,
    divisor: Named,
) -> Term:
    if divisor.array[0] == 0:
        return as_term(0.0)
    n, c = int(np.ravel_multi_index(at[:-1], probabilities.shape[:-1])), int(at[-1])
    label = int(target.array.ravel()[n])
    p, power = Named("p", probabilities.array.reshape(-1, probabilities.shape[-1])), scalar("γ", gamma)
    others = total(p[n, k] for k in range(p.shape[1]) if k != label)
    easy = apply("pow", math.pow, others, power)
    strength = easy * (1 - power * p[n, label] / others * apply("log", math.log, p[n, label]))
    push = p[n, c] - 1 if c == label else p[n, c]
    return class_weights[label] * strength * push * factors[at[:-1]] / divisor[0]


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[m] = −w[t]·(1 − p[t])^γ·log p[t], p = softmax(z); z, p (M, C), target and costs (M,), w (C,)."""
    z, p, target = pointer(row, memory, 0), pointer(row, memory, 5), flat(row, memory, 1)
    gamma, w, cost = flat(row, memory, 2)[0], flat(row, memory, 3), flat(row, memory, 4)
    M, C = rows_of(row, memory, 0).shape
    tops = scratch(1)
    start, stop = share(row, part, M)
    for m in range(start, stop):
        Z, P = shifted(z, m * C), shifted(p, m * C)
        raise_rows(Z, P, tops, C, 1)
        norm = log(to_shares(P, C))
        label = int(target[m])
        if 0 <= label < C:
            rest = np.float64(0)
            for c in range(C):
                if c != label:
                    rest += P[c]
            cost[m] = -w[label] * power(DTYPE(rest), gamma) * (Z[label] - tops[0] - norm)
        else:
            cost[m] = math.nan


@inline
def power(base: Any, exponent: Any) -> Any:
    """base^exponent for a base from 0; 0⁰ is 1."""
    raised = exp(exponent * log(base))
    return 1.0 if exponent == 0.0 else (0.0 if base == 0.0 else raised)


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = −w·(1 − p)^γ·log p, so dz[c] = w·(1 − p)^γ·(1 − γ·p·log p / (1 − p))·(p[c] − [c = t])·factors / divisor.

    p, dz (M, C), target and factors (M,), w (C,).
    """
    p, target, gamma = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)[0]
    w, factors, dz = flat(row, memory, 3), flat(row, memory, 4), rows_of(row, memory, 6)
    scale = one_over(flat(row, memory, 5)[0])
    M, C = p.shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        label = int(target[m])
        summed = np.float64(0)
        for c in range(C):
            if c != label:
                summed += p[m, c]
        rest = DTYPE(summed)
        if 0 <= label < C:
            surprise = -log(max(p[m, label], TINY))
            extra = 0.0 if rest == 0.0 else gamma * p[m, label] / rest * surprise
            strength = w[label] * power(rest, gamma) * (1.0 + extra) * factors[m] * scale
            for c in range(C):
                hot = 1.0 if c == label else 0.0
                dz[m, c] = strength * (p[m, c] - hot)
        else:
            for c in range(C):
                dz[m, c] = 0.0
