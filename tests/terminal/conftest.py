"""Playgrounds on pseudo-terminals, for all tests of this folder."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from tests.terminal.emulator import Terminal

ROOT = Path(__file__).parents[2]
Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens playgrounds, and ends them after the test."""
    opened: list[Terminal] = []
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def open_one(
        *options: str,
        size: tuple[int, int] = (120, 40),
        answers: bool = True,
        program: str = "program",
        ignored: Collection[signal.Signals] = (),
        **environ: str,
    ) -> Terminal:
        home = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
        arguments = ["-m", f"tests.terminal.{program}", "--rescue", str(tmp_path / "rescued"), *options]
        opened.append(Terminal(arguments, *size, {**home, **environ}, answers=answers, ignored=ignored))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()
