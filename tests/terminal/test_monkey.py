"""Random keys, from a seed, for the real program: no crash, no traceback, and the terminal as it was."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.conftest import ROOT
from tests.terminal.emulator import Terminal
from tests.terminal.fork_server import ForkServer
from tests.terminal.monkey import Monkey, Open, opener, reports

STROKES = 100
"""Some seconds; the slow tests go on for many more."""


@pytest.fixture
def start(fork_server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Starts `nnplay` in an empty folder, and ends all that were started."""
    opened: list[Terminal] = []
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    yield opener(tmp_path, opened, fork_server)
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize(
    ("seed", "strokes"),
    [(1, STROKES), *(pytest.param(seed, 4000, marks=pytest.mark.slow) for seed in (2, 3, 4))],
)
def test_random_keys_end_nothing(seed: int, strokes: int, start: Open, tmp_path: Path) -> None:
    """Keys, lines, layers, clicks, pastes, resizes down to 1×1: only `q` ends it, and a signal still restores all."""
    monkey = Monkey(seed, start)
    terminal = monkey.run(strokes)
    assert monkey.faults == []
    terminal.process.send_signal(signal.SIGTERM)
    status = terminal.finish()
    assert status in (0, 128 + signal.SIGTERM), terminal.text  # the last stroke may have been `q`
    assert terminal.restored
    assert reports(tmp_path) == []
