"""Libraries that are not part of every installation are asked for in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnplay.errors import InputError
from nnplay.export.export_format import export_formats
from nnplay.export.exported_run import ExportedRun
from nnplay.sweeps.samplers import optuna
from nnplay.system import extras


@pytest.fixture(autouse=True)
def without_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is installed."""
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "parquet",
            '--as parquet: Parquet files are written by duckdb, which is not installed; pip install "nnplay[data]"',
        ),
        ("mlflow", "--as mlflow: runs for MLflow are written by MLflow, which is not installed; pip install mlflow"),
        (
            "wandb",
            "--as wandb: runs for Weights & Biases are written by wandb, which is not installed; pip install wandb",
        ),
    ],
)
def test_an_export_names_the_library_that_it_lacks(name: str, message: str, tmp_path: Path) -> None:
    """And leaves nothing behind."""
    with pytest.raises(InputError) as caught:
        export_formats()[name].write([ExportedRun("run", {})], tmp_path / "out")
    assert caught.value.message == message
    assert not list(tmp_path.iterdir())


def test_a_sampler_that_lacks_its_library_names_others() -> None:
    """Before anything is trained."""
    with pytest.raises(InputError, match=r'pip install "nnplay\[sweep\]", or choose random, sobol or halving'):
        optuna.check(None)  # type: ignore[arg-type]
