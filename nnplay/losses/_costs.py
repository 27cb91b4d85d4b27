"""Losses with a cost for each answer: rows that can be weighted, classes too, and a mean or a sum of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.operations.scoring import LARGEST, LARGEST_KEPT
from nnplay.operations.weighing import LOSS, NO_LABEL, WHOLE_LOSS, weigh
from nnplay.records.loss import NOTHING_IGNORED, LossPlan
from nnplay.records.operation import BATCH, Operation, Planned, Shape, Use
from nnplay.text import counted

Array = NDArray[Any]
#: A full batch is summed as it is, whatever its rows are.
_AS_IT_IS: Final = 0


def costs_plan(
    costs: Operation,
    gradient: Operation,
    answers: Shape,
    *,
    work: int,
    values: Mapping[str, Any],
    weighted: bool,
    labels: bool = False,
    class_weights: Array | None = None,
    score: Use | None = None,
    saved: Mapping[str, Planned] | None = None,
    constants: Mapping[str, Array] | None = None,
    integers: Mapping[str, int] | None = None,
    tallies: Mapping[str, Shape] | None = None,
) -> LossPlan:
    """Predictions (N, …), targets → costs (N, *answers) → loss (1,), and dprediction (N, …).

    Args:
        costs: writes `costs`.
        gradient: reads `factors` and `divisor` besides, and writes `dprediction`.
        answers: shape of one row's costs.
        work: multiply-adds for one row.
        values: of the fields; `reduction` and `ignore_index` are looked up where there are any.
        weighted: each row has a weight.
        labels: the target is class labels, in the shape of the costs.
        class_weights: (C,), by which the costs are weighted already.
        saved, constants, tallies: further ones of the plan.
        integers: of `costs` and `gradient`.
    """
    counts = {
        "ignored": int(values.get("ignore_index", NO_LABEL)),
        "summed": int(values.get("reduction") == "sum"),
    }
    weights = weigh(labels=labels, rows=weighted, classes=labels and class_weights is not None)
    own = {**(integers or {}), **({"ignored": counts["ignored"]} if "ignored" in costs.integers else {})}
    first = Use(costs, own, work)
    return LossPlan(
        forward=(first, Use(weights, {**counts, "batch": _AS_IT_IS}), Use(LOSS)),
        evaluate=(first, Use(weights, counts), Use(WHOLE_LOSS)),
        backward=(Use(gradient, integers or {}, work),),
        score=score,
        saved={
            "costs": (BATCH, *answers),
            "factors": (BATCH, *answers),
            "divisor": (1,),
            **(saved or {}),
        },
        tallies={"tally": (4,), **(tallies or {})},
        constants={**({} if class_weights is None else {"class_weights": class_weights}), **(constants or {})},
    )


def score_of_labels(values: Mapping[str, Any]) -> tuple[Use, dict[str, Shape]]:
    """What counts right labels, and what it keeps from block to block: those that are not ignored, where some are."""
    if values["ignore_index"] == NOTHING_IGNORED:
        return Use(LARGEST), {}
    return Use(LARGEST_KEPT, {"ignored": values["ignore_index"]}), {"score_tally": (4,)}


def listed(text: str, count: int, loss: str, field: str, of: str = "class") -> Array | None:
    """The numbers (count,) of a field that lists them; None where it is empty.

    Raises:
        InputError: not as many, or words that only data can turn into numbers.
    """
    if not text:
        return None
    if text == "balanced":
        hint = "give numbers, or train on a data set with a Trainer"
        raise InputError("balanced weights follow from the training rows", where=f"{loss}, {field}", hint=hint)
    found = np.array([float(part) for part in text.split(",")])
    if len(found) == 1 and of != "class":
        found = np.repeat(found, count)
    if len(found) != count:
        what = f"{counted(len(found), 'number')} for {counted(count, of)}"
        raise InputError(what, where=f"{loss}, {field}", hint=f"give one for each {of}, or leave it out")
    return found
