"""KL divergence from the network's distribution to the wanted one, on logits (Kullback and Leibler, 1951)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnplay.losses._costs import costs_plan
from nnplay.losses._log_costs import costs_operation, gradient_operation
from nnplay.operations.scoring import LARGEST_COLUMN, softmax
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord, need_classes
from nnplay.records.operation import BATCH, Shape, Use
from nnplay.records.twin import Twin

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
    fields=(REDUCTION,),
    torch="kl_div",
    twin=Twin(
        "nn.functional.kl_div",
        lambda values, shape: {"reduction": "batchmean" if values["reduction"] == "mean" else "sum"},
        loss_inputs=lambda prediction, target, values: (prediction.log_softmax(-1), target),
    ),
    cases=(Case({}, (2,)), Case({"reduction": "sum"}, (5,)), Case({}, (3, 4, 3))),
    refused=(Refused({}, (1,), "at least two outputs"),),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logits z and probabilities (N, …, C) → costs (N, …) → loss (1,), dz (N, …, C); rows are all but the last axis."""
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
