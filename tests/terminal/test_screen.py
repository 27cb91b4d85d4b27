"""Claims about the playground on a real pseudo-terminal, drawn by a terminal emulator."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
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

    def open_one(*options: str, size: tuple[int, int] = (120, 40), answers: bool = True, **environ: str) -> Terminal:
        home = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
        arguments = ["-m", "tests.terminal.program", "--rescue", str(tmp_path / "rescued"), *options]
        opened.append(Terminal(arguments, *size, {**home, **environ}, answers=answers))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def step_of(terminal: Terminal) -> int:
    """The step counter on the screen."""
    found = re.search(r"step ([\d,]+)", terminal.text)
    return int(found.group(1).replace(",", "")) if found else -1


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (200, 60)])
def test_start_train_resize_quit(open_terminal: Open, size: tuple[int, int]) -> None:
    """At every size it opens, trains on space, survives a resize, quits on q, and leaves the terminal as it was."""
    terminal = open_terminal(size=size)
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 300)
    terminal.resize(100, 30)
    terminal.shows("4 Output")
    terminal.resize(*size)
    before = step_of(terminal)
    terminal.until(lambda: step_of(terminal) > max(before, 0) + 200)
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored


@pytest.mark.parametrize(
    "environ",
    [
        {"COLORTERM": "truecolor"},
        {"TERM": "xterm-256color"},
        {"TERM": "xterm"},
        {"NO_COLOR": "1"},
        {"TERM": "linux"},
    ],
    ids=lambda environ: "-".join(environ.values()),
)
def test_every_colour_mode_opens(open_terminal: Open, environ: dict[str, str]) -> None:
    """Full, 256, 16 and no colours: the run is shown and q leaves a restored terminal."""
    terminal = open_terminal(size=(80, 24), **environ)
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 100)
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored


def test_ascii_screen_is_ascii(open_terminal: Open) -> None:
    """With --ascii the whole screen is 7-bit, but for the names of inputs and the signs of numbers in texts."""
    terminal = open_terminal("--ascii", size=(120, 40))
    terminal.shows("press space")
    assert set(re.sub(r"[\x00-\x7f]", "", terminal.text)) <= set("₁₂²·›→↑↓←–")


def test_terminal_that_never_answers_is_still_shown_frames(open_terminal: Open) -> None:
    """Without answers to cursor-position queries frames go on by the clock."""
    terminal = open_terminal(size=(80, 24), answers=False)
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 500, seconds=30)
    terminal.press("q")
    assert terminal.finish() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_save_and_restore(open_terminal: Open, tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGHUP save the run and restore the terminal before the process ends."""
    terminal = open_terminal(size=(80, 24))
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 100)
    os.kill(terminal.process.pid, number)
    assert terminal.finish(seconds=6) == 128 + number
    assert (tmp_path / "rescued").read_text().startswith("step ")
    assert terminal.restored


def test_unexpected_error_saves_restores_and_says_where(open_terminal: Open, tmp_path: Path) -> None:
    """A bug ends with a restored terminal, the run saved, and two lines instead of a traceback; status 1."""
    terminal = open_terminal("--crash", size=(80, 24))
    terminal.shows("press space")
    terminal.press("r")
    assert terminal.finish() == 1
    assert terminal.restored
    assert (tmp_path / "rescued").exists()
    said = terminal.raw.rpartition(b"\x1b[?1049l")[2].decode()
    assert "a bug of the tests" in said
    assert "saved to rescued" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("term", ["dumb", ""])
def test_dumb_terminal_is_refused(open_terminal: Open, term: str) -> None:
    """TERM=dumb or none: one sentence that names `nnplay train`, status 2, and not one control code."""
    terminal = open_terminal(size=(80, 24), TERM=term)
    assert terminal.finish() == 2
    assert b"nnplay train" in terminal.raw
    assert b"\x1b" not in terminal.raw


def test_pipes_are_refused() -> None:
    """Without a terminal on stdin or stderr the refusal is one line and status 2."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.terminal.program"],
        cwd=ROOT,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"nnplay train" in done.stderr
