"""MLflow: a folder for `mlflow ui`, written by MLflow itself."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from pathlib import Path

from nnplay.export.export_format import ExportFormat
from nnplay.export.exported_run import ExportedRun
from nnplay.system.extras import need

MLFLOW = ExportFormat(
    "mlflow",
    "MLflow",
    "A folder with MLflow's database: mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db",
    lambda runs, path: write(runs, path),
)


def write(runs: Sequence[ExportedRun], path: Path) -> None:
    """Writes the folder; MLflow takes numbers that are finite only.

    Raises:
        InputError: MLflow is not installed.
    """
    need("mlflow", "runs for MLflow are", "--as mlflow", "written")
    mlflow = importlib.import_module("mlflow")
    path.mkdir()
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{path / 'mlflow.db'}")
    experiment = client.create_experiment("nnplay", artifact_location=str(path / "artifacts"))
    for run in runs:
        made = client.create_run(experiment, run_name=run.name)
        entities = mlflow.entities
        metrics = [
            entities.Metric(name, value, 0, step)
            for name, (steps, values) in run.curves.items()
            for step, value in zip(steps, values, strict=True)
            if math.isfinite(value)
        ]
        metrics += [entities.Metric(name, value, 0, 0) for name, value in run.scores.items() if math.isfinite(value)]
        parameters = [entities.Param(name, str(value)[:500]) for name, value in run.settings.items()]
        for start in range(0, max(len(metrics), len(parameters)), 100):
            client.log_batch(made.info.run_id, metrics[start : start + 100], parameters[start : start + 100])
        client.set_terminated(made.info.run_id)
