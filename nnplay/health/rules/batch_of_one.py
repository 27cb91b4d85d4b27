"""Batch norm with one row in the last batch: the row would be its own mean, so that batch is left out of each epoch."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def examine(evidence: Evidence) -> Sign | None:
    """Rows that are left over for the last batch."""
    rows, size = evidence.data.rows["training"], evidence.batch_rows
    if rows <= size or not 0 < rows % size < evidence.plan.fewest_rows:
        return None
    better = _better_size(rows, size + 1)
    sentence = f"batch norm: the last batch of {rows:,} rows has only one, so it is left out of every epoch"
    return Sign("warning", f"{sentence}; use batches of {better}", {"training": {"batch_size": better}})


def _better_size(rows: int, size: int) -> int:
    """The first size from there on that leaves no batch of a single row."""
    return next((number for number in range(max(2, size), rows) if rows % number != 1), rows)


BATCH_OF_ONE = HealthRule("batch_of_one", "Batch of one row", examine, "pane-data", "1")
