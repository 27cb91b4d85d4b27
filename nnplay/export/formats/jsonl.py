"""JSON lines: a line for each run, with its settings, scores and curves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nnplay.export.export_format import ExportFormat
from nnplay.export.exported_run import ExportedRun, finite

JSONL = ExportFormat(
    "jsonl",
    "JSON lines",
    "A line for each run, with its settings, scores and curves.",
    lambda runs, path: write(runs, path),
    ".jsonl",
)


def write(runs: Sequence[ExportedRun], path: Path) -> None:
    """Writes the lines; a number that is not finite becomes null."""
    with path.open("x", encoding="utf-8") as file:
        for run in runs:
            curves = {
                name: {"step": list(steps), "value": [finite(value) for value in values]}
                for name, (steps, values) in run.curves.items()
            }
            scores = {name: finite(value) for name, value in run.scores.items()}
            line = {"run": run.name, "settings": dict(run.settings), "scores": scores, "curves": curves}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
