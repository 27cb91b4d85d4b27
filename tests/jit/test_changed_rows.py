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
