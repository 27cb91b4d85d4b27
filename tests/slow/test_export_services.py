"""Exports that other libraries write: read back by those."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nnplay.export.export_format import export_formats
from tests.jit.test_export import RUN

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_mlflow_reads_its_database(tmp_path: Path) -> None:
    """Settings, curves and scores."""
    mlflow = pytest.importorskip("mlflow")
    folder = tmp_path / "runs"
    export_formats()["mlflow"].write([RUN], folder)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("nnplay").experiment_id])
    assert run.data.params == {"optimizer.lr": "0.1", "layers": "linear 4, tanh"}
    points = [(metric.step, metric.value) for metric in client.get_metric_history(run.info.run_id, "loss")]
    assert sorted(points) == [(1, 0.5), (300_000, 0.1)]
    assert run.data.metrics["test/accuracy"] == 0.75


def test_wandb_writes_an_offline_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which its own command sends later."""
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    export_formats()["wandb"].write([RUN], tmp_path / "runs")
    (run,) = (tmp_path / "runs" / "wandb").glob("offline-run-*")
    (log,) = run.glob("*.wandb")
    end = time.monotonic() + 60  # a process of its own writes the file to its end
    while not all(name in log.read_bytes() for name in (b"validation_loss", b"test/accuracy")):
        assert time.monotonic() < end, "curves or scores are missing"
        time.sleep(0.1)
