"""The table of all points of all curves, which several formats hold."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from nnplay.export.exported_run import ExportedRun


def write_table(runs: Sequence[ExportedRun], path: Path) -> None:
    """Writes it as CSV; numbers have all their digits, and one that is not finite is left empty."""
    with path.open("x", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["run", "curve", "step", "value"])
        table.writeheader()
        for run in runs:
            table.writerows(run.rows())
