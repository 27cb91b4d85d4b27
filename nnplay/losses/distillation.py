"""Distillation: the network learns what another one finds likely, at a temperature (Hinton and others, 2015)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.elementary import exp, log
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.losses._costs import costs_plan
from nnplay.operations.scoring import softmax
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord, need_classes
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.worked import Named, Term, apply, as_term, scalar, total

Array = NDArray[Any]

DISTILLATION = LossRecord(
    name="distillation",
    title="Distillation (of a teacher's logits)",
    about="How far what the network finds likely is from what its teacher does, both at a temperature: the higher it "
    "is, the more the answers that the teacher finds unlikely count. The factor T² keeps gradients of one size.",
    when="A small network that learns from the logits of a large one.",
    formula="T²/N · Σₙ Σ_c q·(log q − log softmax(z/T)),  q = softmax(t/T)",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    answer=softmax,
    fields=(
        REDUCTION,
        number("temperature", 4.0, "what logits are divided by; 1: as they are", low=0.05, high=1000.0, live=True),
    ),
    torch="T * T * kl_div(log_softmax(z / T, 1), softmax(t / T, 1), reduction='batchmean')",
    cases=(Case({}, (2,)), Case({"reduction": "sum", "temperature": 2.0}, (5,)), Case({}, (3, 17))),
    refused=(Refused({}, (1,), "at least two outputs"), Refused({"temperature": 0}, (3,), "≥ 0.05")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logits z and t (N, …, C) → costs (N, …) → loss (1,), dz (N, …, C); rows are all but the last."""
    need_classes(shape, "distillation", binary="mse")
    work = 40 * int(np.prod(shape))
    return costs_plan(
        _costs_operation(), _gradient_operation(), shape[:-1], work=work, values=values, weighted=weighted
    )


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="distillation of each",
        kernel=costs,
        cuda=(CudaRow(costs),),
        reads=("prediction", "target", "temperature"),
        writes=("costs",),
        reference=reference,
        formula="cost = T² · Σ_c q[c]·(log q[c] − log p[c]),  q = softmax(t/T), p = softmax(z/T)",
        words="How far the network's probabilities are from its teacher's, both made softer by the temperature.",
        element=_element,
        torch="torch.nn.functional.kl_div",
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=gradient,
        cuda=(CudaRow(gradient),),
        reads=("prediction", "target", "temperature", "factors", "divisor"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dz[c] = T·(p[c] − q[c])·factors / divisor,  q = softmax(t/T), p = softmax(z/T)",
        words="Every probability is pushed towards the teacher's.",
        element=_element_back,
        torch="autograd",
    )


def _logs(z: Array, temperature: Array) -> Array:
    """Logarithms of softmax(z / T), along the last axis."""
    scaled = (z - z.max(axis=-1, keepdims=True)) / temperature
    return np.asarray(scaled - np.log(np.exp(scaled).sum(axis=-1, keepdims=True)))


def reference(prediction: Array, target: Array, temperature: Array) -> Array:
    own, wanted = _logs(prediction, temperature), _logs(target.reshape(prediction.shape), temperature)
    return np.asarray(temperature**2 * (np.exp(wanted) * (wanted - own)).sum(axis=-1))


def reference_back(prediction: Array, target: Array, temperature: Array, factors: Array, divisor: Array) -> Array:
    own, wanted = _logs(prediction, temperature), _logs(target.reshape(prediction.shape), temperature)
    return np.asarray(temperature * (np.exp(own) - np.exp(wanted)) * factors[..., None] * inverse(divisor))


def _named(prediction: Named, target: Named, temperature: Named) -> tuple[Named, Named]:
    """Logarithms of what both find likely, as operands that a reader can look up."""
    own = Named("log p", _logs(prediction.array, temperature.array))
    return own, Named("log q", _logs(target.array.reshape(prediction.shape), temperature.array))


def _element(at: Any, prediction: Named, target: Named, temperature: Named) -> Term:
    own, wanted = _named(prediction, target, temperature)
    places = [(*at, c) for c in range(prediction.shape[-1])]
    summed = total(apply("exp", math.exp, wanted[place]) * (wanted[place] - own[place]) for place in places)
    return scalar("T", temperature) * scalar("T", temperature) * summed


def _element_back(
    at: Any, prediction: Named, target: Named, temperature: Named, factors: Named, divisor: Named
) -> Term:
    if divisor.array[0] == 0:
        return as_term(0.0)
    own, wanted = _named(prediction, target, temperature)
    apart = apply("exp", math.exp, own[at]) - apply("exp", math.exp, wanted[at])
    return scalar("T", temperature) * apart * factors[at[:-1]] / divisor[0]


@inline
def largest(values: Any, first: int, count: int) -> Any:
    """The largest of `count` numbers from `first` on."""
    found = values[first]
    for c in range(first + 1, first + count):
        found = max(found, values[c])
    return found


@inline
def log_sum(values: Any, first: int, count: int, top: Any, temperature: Any) -> Any:
    """log Σ_c exp((values[c] − top) / T)."""
    summed = np.float64(0)
    for c in range(first, first + count):
        summed += exp((values[c] - top) / temperature)
    return log(summed)


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[m] = T²·Σ_c q·(log q − log p), q = softmax(t/T), p = softmax(z/T); z, t (M, C), costs (M,)."""
    z, t, T, cost = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)[0], flat(row, memory, 3)
    M, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        i = m * C
        top, wanted_top = largest(z, i, C), largest(t, i, C)
        own_sum, wanted_sum = log_sum(z, i, C, top, T), log_sum(t, i, C, wanted_top, T)
        summed = np.float64(0)
        for c in range(i, i + C):
            wanted = (t[c] - wanted_top) / T - wanted_sum
            summed += exp(wanted) * (wanted - ((z[c] - top) / T - own_sum))
        cost[m] = T * T * summed


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dz[m,c] = T·(p − q)·factors[m] / divisor, q = softmax(t/T), p = softmax(z/T); z, t, dz (M, C), factors (M,)."""
    z, t, T = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)[0]
    factors, dz = flat(row, memory, 3), flat(row, memory, 5)
    scale = T * one_over(flat(row, memory, 4)[0])
    M, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        i = m * C
        top, wanted_top = largest(z, i, C), largest(t, i, C)
        own_sum, wanted_sum = log_sum(z, i, C, top, T), log_sum(t, i, C, wanted_top, T)
        for c in range(i, i + C):
            apart = exp((z[c] - top) / T - own_sum) - exp((t[c] - wanted_top) / T - wanted_sum)
            dz[c] = apart * factors[m] * scale
