"""AvgPool1d: keeps the mean number of each window of sequences, channel by channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.geometry import need_rank
from nnplay.layer import Case, LayerRecord, Plan, Refused
from nnplay.operation import Shape
from nnplay.rows.pooling import plan_pooling, pooling_fields


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """Sequences (steps, channels)."""
    need_rank(shape, 2)
    return plan_pooling(values, shape, largest=False)


AVG_POOL1D = LayerRecord(
    name="avg_pool1d",
    title="AvgPool1d",
    family="pooling",
    about="Replaces each window by its mean; makes the sequence smaller and smoother.",
    torch="AvgPool1d",
    fields=pooling_fields("2"),
    plan=plan,
    cases=(
        Case({}, (6, 3)),
        Case({"kernel": 3, "stride": 1}, (5, 2)),
        Case({"kernel": 3, "stride": 2}, (7, 3)),
        Case({"kernel": 3, "stride": 2, "padding": "same"}, (7, 17)),
        Case({"kernel": 3}, (3, 1)),
        Case({"padding": "same"}, (9, 2)),
        Case({"kernel": 3, "stride": 2, "padding": 1}, (5, 2)),
    ),
    refused=(
        Refused({}, (7, 1), "kernel 2, stride 2 leaves a remainder of 1"),
        Refused({"kernel": 3}, (2, 1), "reaches over 3, the input has 2"),
        Refused({"padding": 2}, (7, 1), "use padding 0 … 1"),
        Refused({}, (9,), "needs a sequence"),
    ),
)
