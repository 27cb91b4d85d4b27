"""Random keys, from a seed, for the real program: no crash, no traceback, and the terminal as it was."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal.conftest import ROOT
from tests.terminal.emulator import Terminal
from tests.terminal.monkey import Monkey

Start = Callable[[], Terminal]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts `nnplay` in an empty folder, and ends all that were started."""
    opened: list[Terminal] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    home = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def start_one() -> Terminal:
        opened.append(Terminal(["-m", "nnplay"], 120, 40, home))
        return opened[-1]

    yield start_one
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize(
    ("seed", "strokes"),
    [(1, 250), *(pytest.param(seed, 4000, marks=pytest.mark.slow) for seed in (2, 3, 4))],
)
def test_random_keys_end_nothing(seed: int, strokes: int, start: Start, tmp_path: Path) -> None:
    """Keys, command lines, clicks, pastes, resizes down to 1×1: only `q` ends it, and a signal still restores all."""
    monkey = Monkey(seed, start)
    terminal = monkey.run(strokes)
    assert monkey.faults == []
    terminal.process.send_signal(signal.SIGTERM)
    status = terminal.finish()
    assert status in (0, 128 + signal.SIGTERM), terminal.text  # the last stroke may have been `q`
    assert terminal.restored
    reports = [path.read_text() for path in tmp_path.rglob("error-*.txt")]
    assert reports == []
