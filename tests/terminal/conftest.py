"""Playgrounds on pseudo-terminals, for all tests of this folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from tests import without_site
from tests.terminal.emulator import Terminal
from tests.terminal.fork_server import ForkServer

ROOT = Path(__file__).parents[2]
Open = Callable[..., Terminal]
#: Variables that Python and Textual read while they are imported, by the beginnings of their names.
READ_EARLY = ("PYTHON", "TEXTUAL", "LANG", "LC_", "TERM_", "COLUMNS", "LINES", "ESCDELAY")


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """What the playgrounds of a session are forked from, if nothing of their start is tried."""
    server = ForkServer(_environ())
    yield server
    server.end()


@pytest.fixture(scope="session")
def early_fork_server() -> Iterator[ForkServer]:
    """The same without anything that a start imports behind its first frame."""
    server = ForkServer(_environ(), drawn=False)
    yield server
    server.end()


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}


@pytest.fixture
def open_terminal(fork_server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
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
        rescue = ["--rescue", str(tmp_path / "rescued"), *options]
        home = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
        how = {"answers": answers, "ignored": ignored}
        arguments = ["-m", f"tests.terminal.{program}", *rescue]
        if "LC_ALL" in environ:
            arguments.insert(0, without_site.OPTION)
            environ["PYTHONPATH"] = without_site.python_path()
        apart = program != "program" or any(name.startswith(READ_EARLY) for name in environ)
        opened.append(Terminal(arguments, *size, {**home, **environ}, **how, server=None if apart else fork_server))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()
