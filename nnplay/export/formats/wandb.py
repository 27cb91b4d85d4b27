"""Weights & Biases: a folder of offline runs, written by its own library, for `wandb sync`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from nnplay.export.export_format import ExportFormat
from nnplay.export.exported_run import ExportedRun, finite
from nnplay.system.extras import need

WANDB = ExportFormat(
    "wandb",
    "Weights & Biases",
    "A folder of offline runs: wandb sync FOLDER/wandb/offline-run-*; nothing is sent from here.",
    lambda runs, path: write(runs, path),
)


def write(runs: Sequence[ExportedRun], path: Path) -> None:
    """Writes the folder.

    Raises:
        InputError: the library is not installed.
    """
    need("wandb", "runs for Weights & Biases are", "--as wandb", "written")
    wandb = importlib.import_module("wandb")
    path.mkdir()
    for run in runs:
        made = wandb.init(
            project="nnplay", name=run.name, dir=str(path), mode="offline", config=dict(run.settings), reinit=True
        )
        by_step: dict[int, dict[str, float | None]] = {}
        for row in run.rows():
            by_step.setdefault(row["step"], {})[row["curve"]] = row["value"]
        for step in sorted(by_step):
            made.log(by_step[step], step=step)
        made.summary.update({name: finite(value) for name, value in run.scores.items()})
        made.finish()
