"""Claims about databases in the playground: a query is changed where it is shown, and no password is kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from nnplay.data.csv.advice import advise_for
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.forms import entries
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.waiting import until


def make_shop(path: Path) -> None:
    """Two tables."""
    with sqlite3.connect(path) as shop:
        shop.execute("CREATE TABLE customers (age, orders, churned)")
        shop.execute("CREATE TABLE orders (amount)")
        rows = [(20 + place, place % 7, "yes" if place % 3 else "no") for place in range(60)]
        shop.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    shop.close()


async def test_a_query_is_chosen_and_changed_and_a_changed_row_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several tables the answer names the way; `:set sql` asks again; `:data` reads what is there now."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    make_shop(tmp_path / "shop.db")
    backend = PlaygroundBackend()
    app = Playground(backend, Look())

    def message() -> str:
        return app._main.query_one(MessageLine).text

    def rows() -> int:
        assert backend.worker.trainer is not None
        split = backend.worker.trainer.split
        return sum(len(part) for part in (split.train, split.validation, split.test) if part)

    try:
        with advise_for("playground"):
            async with app.run_test(size=(120, 40)) as pilot:
                await app.typed_line._run_line("data sqlite:///shop.db target=churned")
                await until(pilot, lambda: "holds 2 tables: customers, orders; use :set sql" in message())
                await app.typed_line._run_line("set sql SELECT age, orders, churned FROM customers ORDER BY age")
                await until(pilot, lambda: "target: churned" in message())
                assert backend.settings.data.file == f"sqlite:///{tmp_path}/shop.db"
                await until(pilot, lambda: rows() == 60)
                found = entries.find_entry(app.edits.settable(), "sql")
                assert found.shown == "SELECT age, orders, churned FROM customers ORDER BY age"
                await app.typed_line._run_line("set sql SELECT age, churned FROM customers WHERE age < 60")
                await until(pilot, lambda: rows() == 40)
                with sqlite3.connect("shop.db") as shop:
                    shop.execute("DELETE FROM customers WHERE age < 30")
                shop.close()
                sql = "SELECT age, churned FROM customers WHERE age < 60"
                await app.typed_line._run_line(f'data sqlite:///shop.db target=churned sql="{sql}"')
                await until(pilot, lambda: rows() == 30)
    finally:
        backend.stop()


async def test_a_password_is_neither_shown_nor_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever an address is typed: not in the message line, the log, the settings or the lines typed before."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    backend = PlaygroundBackend()
    app = Playground(backend, Look())
    address = "postgresql://me:s3cret@host/shop"
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            for line in (f"data {address}", f"set dataset {address}", f"open {address}", f"save {address}", address):
                await app.typed_line._run_line(line)
                await pilot.pause()
            shown = "\n".join([*app.messages.printed, app._main.query_one(MessageLine).text])
            assert "has a password in it" in shown
            assert "s3cret" not in shown
            assert "s3cret" not in str(backend.settings.to_dict())
            assert not app.typed_line._history
    finally:
        backend.stop()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"s3cret" not in kept
