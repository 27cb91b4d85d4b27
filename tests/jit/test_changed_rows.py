"""A session keeps a query and the digest of its rows: when it is opened, it says whether they have changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import nnplay as nn
from nnplay.cli import main


def test_a_session_sees_that_the_rows_of_its_query_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other columns of the database may change unseen; rows that the query gives may not."""
    monkeypatch.chdir(tmp_path)
    shop = sqlite3.connect("shop.db", isolation_level=None)
    shop.execute("CREATE TABLE customers (age, name, churned)")
    rows = [(20 + place, "x", "yes" if place % 3 else "no") for place in range(60)]
    shop.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    words = ["--sql", "SELECT age, churned FROM customers ORDER BY age", "--target", "churned", "--epochs", "1"]
    assert main(["train", "sqlite:///shop.db", *words, "--save", "run.nnplay", "--no-plot"]) == 0
    shop.execute("UPDATE customers SET name = 'y'")
    capsys.readouterr()
    monkeypatch.chdir("/")
    assert main(["train", str(tmp_path / "run.nnplay"), "--epochs", "1", "--no-plot"]) == 0
    assert "this is not the data" not in capsys.readouterr().err
    shop.execute("UPDATE customers SET age = age + 1 WHERE age = 30")
    shop.close()
    session = nn.Session.open(tmp_path / "run.nnplay")
    session.close()
    assert any("this is not the data" in warning for warning in session.warnings)


def test_rows_that_no_longer_suit_the_run_are_named_as_the_cause(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not only what does not fit is said, but that the file is another one than the run was trained on."""
    table, run = tmp_path / "my.csv", tmp_path / "run.nnplay"
    lines = [f"{place},{'yes' if place % 3 else 'no'}" for place in range(60)]
    table.write_text("\n".join(["age,churned", *lines]))
    words = ["--batch-size", "40", "--epochs", "1", "--no-plot"]
    assert main(["train", str(table), "--target", "churned", *words, "--save", str(run)]) == 0
    table.write_text("\n".join(["age,churned", *lines[:30]]))
    capsys.readouterr()
    assert main(["train", str(run), "--epochs", "1", "--no-plot"]) == 2
    said = capsys.readouterr().err
    assert "this is not the data that the run was trained on, and does not suit it: a batch of 40 rows" in said
    assert "restore the data, or train a new run" in said
