"""Exports: every point of every curve is there, and other tools read it back."""

from __future__ import annotations

import csv
import json
import math
import signal
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from nnplay.cli.main import main
from nnplay.export.export_format import export_formats
from nnplay.export.exported_run import ExportedRun, flat, from_sweep, safe_name
from nnplay.export.formats.tensorboard import scalar
from nnplay.sweeps.executors.threads import ThreadExecutor
from nnplay.sweeps.run_sweep import run_sweep
from tests.jit.test_sweep import plan

RUN = ExportedRun(
    "a-run",
    {"optimizer.lr": 0.1, "layers": "linear 4, tanh"},
    {"loss": ([1, 2, 300_000], [0.5, math.nan, 0.1]), "validation_loss": ([2], [1e-30])},
    {"test/accuracy": 0.75},
)
ROWS = [("loss", 1, 0.5), ("loss", 2, None), ("loss", 300_000, 0.1), ("validation_loss", 2, 1e-30)]


def test_csv_has_a_row_for_each_point(tmp_path: Path) -> None:
    """With all digits; what is not finite is empty."""
    export_formats()["csv"].write([RUN], tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    read = [(row["curve"], int(row["step"]), float(row["value"]) if row["value"] else None) for row in rows]
    assert read == ROWS
    assert {row["run"] for row in rows} == {"a-run"}


def test_json_lines_hold_settings_scores_and_curves(tmp_path: Path) -> None:
    """One line a run, strict JSON."""
    export_formats()["jsonl"].write([RUN, RUN], tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert len(lines) == 2
    line = json.loads(lines[0], parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert line["settings"] == dict(RUN.settings)
    assert line["scores"] == {"test/accuracy": 0.75}
    assert line["curves"]["loss"] == {"step": [1, 2, 300_000], "value": [0.5, None, 0.1]}


def test_parquet_is_read_back(tmp_path: Path) -> None:
    """By DuckDB, with types."""
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "it's.parquet"
    export_formats()["parquet"].write([RUN], path)
    found = duckdb.read_parquet(str(path))
    assert [str(kind) for kind in found.types] == ["VARCHAR", "VARCHAR", "BIGINT", "DOUBLE"]
    assert [row[1:] for row in found.fetchall()] == ROWS


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "logs"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file that the program writes may become larger than a few bytes here; what DuckDB says is read, too."""
    if name.endswith("parquet"):
        pytest.importorskip("duckdb")
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # Python would keep a half of it, and read that for ever
    saved = tmp_path / "run.nnplay"
    assert main(["train", "xor", "--epochs", "2", "--save", str(saved)]) == 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
        ended = main(["export", str(saved), str(tmp_path / name)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert ended == 2
    said = capsys.readouterr().err
    assert "cannot be written: file too large; make room, or choose another disk" in said
    assert not (tmp_path / name).exists()


def test_an_event_is_protobuf_on_the_wire() -> None:
    """Worked by hand: wall time 0, step 300 as two bytes, and a tag with a 32-bit number."""
    value = b"\x0a\x01a\x15" + struct.pack("<f", 0.5)
    assert scalar("a", 300, 0.5) == b"\x09" + bytes(8) + b"\x10\xac\x02" + b"\x2a\x0a" + b"\x0a\x08" + value


def test_tensorboard_reads_its_files(tmp_path: Path) -> None:
    """Every point, with its checksums."""
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    export_formats()["tensorboard"].write([RUN], tmp_path / "logs")
    (file,) = (tmp_path / "logs" / "a-run").iterdir()
    events = list(loader.RawEventFileLoader(str(file)).Load())
    from tensorboard.compat.proto.event_pb2 import Event

    read = [Event.FromString(event) for event in events]
    assert read[0].file_version == "brain.Event:2"
    points = [(event.summary.value[0].tag, event.step, event.summary.value[0].simple_value) for event in read[1:]]
    wanted = [*((name, step, math.nan if value is None else value) for name, step, value in ROWS)]
    wanted.append(("test/accuracy", 300_000, 0.75))
    assert [point[:2] for point in points] == [point[:2] for point in wanted]
    assert np.array_equal(
        np.array([point[2] for point in points], np.float32), np.array([point[2] for point in wanted], np.float32), True
    )


def test_names_are_good_for_folders() -> None:
    """Whatever the session was called."""
    assert safe_name("../a b\x1b/ä") == "---a-b--ä"
    assert safe_name("") == "run"
    assert flat({"a": {"b": 1, "c": [1, 2]}, "d": "x"}) == {"a.b": 1, "a.c": "1, 2", "d": "x"}


def test_trials_of_a_sweep_are_runs() -> None:
    """Each with its settings, curve and scores."""
    sweep, split = plan("seed=1..3", trials=0)
    outcomes = run_sweep(sweep, ThreadExecutor(sweep, split, 1))
    runs = from_sweep(sweep, outcomes)
    assert [run.name for run in runs] == ["trial-000000", "trial-000001", "trial-000002"]
    assert runs[1].settings == {"seed": 2, "end": "done"}
    assert runs[1].curves["validation_loss"] == ([1, 2, 3, 4], [loss for _, loss in outcomes[1].curve])
    assert runs[1].scores["validation/accuracy"] == outcomes[1].scores["accuracy"]


def test_a_session_is_exported_by_the_ending_of_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is written over."""
    monkeypatch.chdir(tmp_path)
    words = ["--layers", "linear 4, tanh, linear 2", "--epochs", "3"]
    assert main(["train", "xor", *words, "--save", "run.nnplay"]) == 0
    capsys.readouterr()
    assert main(["export", "run.nnplay", "curves.csv"]) == 0
    assert capsys.readouterr().out == "1 run in curves.csv (CSV)\n"
    with Path("curves.csv").open(newline="") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["curve"] == "train_loss"]
    assert len(steps) == 3
    for wrong, sentence in (
        (["export", "run.nnplay", "curves.csv"], "already exists"),
        (["export", "run.nnplay", "curves.xls"], "no format has the ending .xls"),
        (["export", "run.nnplay", "logs", "--as", "tensorbord"], "did you mean 'tensorboard'?"),
        (["export", "run.nnplay", "logs", "--as", "csv"], "is not the name of a .csv file"),
        (["export", "run.nnplay", "missing/curves.csv"], "cannot be written: no such file or directory"),
        (["export", "xor", "logs"], "not a session"),
    ):
        assert main(wrong) == 2
        assert sentence in capsys.readouterr().err
