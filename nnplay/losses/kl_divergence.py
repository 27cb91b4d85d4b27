"""KL divergence from the network's distribution to the wanted one, on logits (Kullback and Leibler, 1951)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.elementary import log
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.losses._costs import costs_plan
from nnplay.losses._log_costs import costs_operation, gradient_operation
from nnplay.operations.scoring import LARGEST_COLUMN, softmax
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord, need_classes
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]

KL_DIVERGENCE = LossRecord(
    name="kl_divergence",
    title="KL divergence (on logits)",
    about="For learning a distribution over classes, as in distillation; takes raw outputs and applies log softmax "
    "itself, and averages over rows (PyTorch: batchmean). 0 where the network is right.",
    when="Targets that are probabilities, when 0 should mean perfect.",
    formula="1/N · Σₙ Σ_c t·(log t − log softmax(z))",
    target="distribution",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    answer=softmax,
    fields=(
        REDUCTION,
        choice(
            "inputs",
            "logits",
            "what the network ends with: raw outputs, or logarithms of probabilities as PyTorch takes them",
            ("logits", "log_probabilities"),
        ),
    ),
    torch="kl_div",
    twin=Twin(
        "nn.functional.kl_div",
        lambda values, shape: {"reduction": "batchmean" if values["reduction"] == "mean" else "sum"},
        loss_inputs=lambda prediction, target, values: (
            prediction.log_softmax(-1) if values["inputs"] == "logits" else prediction,
            target,
        ),
    ),
    cases=(
        Case({}, (2,)),
        Case({"reduction": "sum"}, (5,)),
        Case({}, (3, 4, 3)),
        Case({"inputs": "log_probabilities"}, (3, 2, 17)),
    ),
    refused=(Refused({}, (1,), "at least two outputs"),),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Outputs z and probabilities (N, …, C) → costs (N, …) → loss (1,), dz (N, …, C); rows are all but the last."""
    if values["inputs"] != "logits":
        work = 4 * int(np.prod(shape))
        return costs_plan(
            _costs_operation(), _gradient_operation(), shape[:-1], work=work, values=values, weighted=weighted,
            score=Use(LARGEST_COLUMN),
        )  # fmt: skip
    need_classes(shape, "kl_divergence", binary="binary_cross_entropy_logits")
    return costs_plan(
        costs_operation("divergence", False),
        gradient_operation("divergence", False),
        shape[:-1],
        work=20 * int(np.prod(shape)),
        values=values,
        weighted=weighted,
        score=Use(LARGEST_COLUMN),
        saved={"probabilities": (BATCH, *shape)},
    )


# -- on logarithms of probabilities ------------------------------------------------------------------------------------


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="KL divergence of each, on logarithms",
        kernel=costs,
        cuda=(CudaRow(costs),),
        reads=("prediction", "target"),
        writes=("costs",),
        reference=reference,
        formula="cost = Σ_c t[c]·(log t[c] − z[c])",
        words="How far the distribution whose logarithms come out is from the wanted one.",
        element=_element,
        torch="torch.nn.functional.kl_div",
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=gradient,
        cuda=(CudaRow(gradient),),
        reads=("target", "factors", "divisor"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dz[c] = −t[c]·factors / divisor",
        words="Every logarithm is pushed up as much as its class is wanted; log_softmax in front holds them together.",
        element=_element_back,
        torch="autograd",
    )


def reference(prediction: Array, target: Array) -> Array:
    wanted = target.reshape(prediction.shape)
    logs = np.where(wanted < 0, np.nan, np.log(np.where(wanted > 0, wanted, 1)))
    return np.asarray((wanted * (logs - prediction)).sum(axis=-1))


def reference_back(target: Array, factors: Array, divisor: Array) -> Array:
    wanted = target.reshape(*factors.shape, -1)
    return np.asarray(-wanted * factors[..., None] * inverse(divisor))


def _element(at: Any, prediction: Named, target: Named) -> Term:
    t, z = Named("t", target.array.reshape(prediction.shape)), Named("z", prediction.array)
    wanted = [(*at, c) for c in range(prediction.shape[-1]) if t.array[(*at, c)] > 0]
    return total(t[place] * (apply("log", math.log, t[place]) - z[place]) for place in wanted)


def _element_back(at: Any, target: Named, factors: Named, divisor: Named) -> Term:
    if divisor.array[0] == 0:
        return as_term(0.0)
    t = Named("t", target.array.reshape(*factors.shape, -1))
    return -t[at] * factors[at[:-1]] / divisor[0]


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[m] = Σ_c t[m,c]·(log t[m,c] − z[m,c]), where 0·log 0 = 0, NaN for t below 0; z, t (M, C), costs (M,)."""
    z, target, cost = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    M, C = z.shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        summed = np.float64(0)
        for c in range(C):
            wanted = target[m * C + c]
            own = log(wanted) if wanted > 0.0 else (0.0 if wanted == 0.0 else math.nan)
            summed += wanted * (own - z[m, c])
        cost[m] = summed


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = Σ_c t·(log t − z), so dz[m,c] = −t[m,c]·factors[m] / divisor; t, dz (M, C), factors (M,)."""
    target, factors, dz = flat(row, memory, 0), flat(row, memory, 1), rows_of(row, memory, 3)
    scale = one_over(flat(row, memory, 2)[0])
    M, C = dz.shape
    start, stop = share(row, part, M)
    for m in range(start, stop):
        for c in range(C):
            dz[m, c] = -target[m * C + c] * factors[m] * scale
