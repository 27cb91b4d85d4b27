"""Batch norm with one row in a batch: the row is its own mean, so nothing but the bias is left of it.

In the last batch of an epoch alone, it pulls the running variance down right before each validation.
"""

from __future__ import annotations

from math import prod
from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign

#: Rows of a batch that are proposed.
_USUAL: Final = 32


def examine(evidence: Evidence) -> Sign | None:
    """Numbers of a channel in a full batch, and in the last one."""
    of_batches = [one for one in evidence.plan.layers if one.plan.buffers]  # running statistics of the batches
    if not any(prod(evidence.plan.values[one.output][:-1]) == 1 for one in of_batches):
        return None
    rows, size = evidence.data.rows["training"], evidence.batch_rows
    if size == 1:
        better = _better_size(rows, min(_USUAL, rows))
        sentence = f"batch norm with batches of one row: every row equals its own mean; use batches of {better}"
        return Sign("error", sentence, {"training": {"batch_size": better}})
    if rows <= size or rows % size != 1:
        return None
    better = _better_size(rows, size + 1)
    sentence = f"batch norm: the last batch of {rows:,} rows has only one, which spoils the running variance"
    return Sign("warning", f"{sentence}; use batches of {better}", {"training": {"batch_size": better}})


def _better_size(rows: int, size: int) -> int:
    """The first size from there on that leaves no batch of a single row."""
    return next((number for number in range(max(2, size), rows) if rows % number != 1), rows)


BATCH_OF_ONE = HealthRule("batch_of_one", "Batch of one row", examine, "pane-data", "1", hopeless=True)
