"""Claims about the playground on a real pseudo-terminal, drawn by a terminal emulator."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnplay.tui.terminal.signals import STUCK_AFTER
from tests.terminal.emulator import PATIENCE, Terminal

ROOT = Path(__file__).parents[2]
Open = Callable[..., Terminal]


def step_of(terminal: Terminal) -> int:
    """The step counter on the screen."""
    found = re.search(r"step ([\d,]+)", terminal.text)
    return int(found.group(1).replace(",", "")) if found else -1


@pytest.mark.parametrize(
    "size", [(60, 20), *(pytest.param(size, marks=pytest.mark.slow) for size in [(120, 40), (80, 24), (200, 60)])]
)
def test_start_train_resize_quit(open_terminal: Open, size: tuple[int, int]) -> None:
    """At every size it opens, trains on space, survives a resize, quits on q, and leaves the terminal as it was."""
    terminal = open_terminal(size=size)
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 300)
    before = step_of(terminal)  # read before rows of two widths are mixed on the screen
    terminal.resize(100, 30)
    terminal.shows("4 Output")
    terminal.resize(*size)
    terminal.until(lambda: step_of(terminal) > before + 200)
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"COLORTERM": "truecolor"}, marks=pytest.mark.slow),  # as all tests of pixels say
        pytest.param({"TERM": "xterm-256color"}, marks=pytest.mark.slow),  # what all other tests say
        pytest.param({"TERM": "xterm"}, marks=pytest.mark.slow),  # 16 colours, as the next one
        {"TERM": "linux"},
        {"NO_COLOR": "1"},
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


def test_a_locale_without_boxes_gets_plain_characters(open_terminal: Open) -> None:
    """Where the output's encoding lacks box-drawing characters the screen is drawn as with --ascii."""
    terminal = open_terminal(size=(120, 40), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    terminal.shows("press space")
    assert "+-" in terminal.text
    assert terminal.text.count("?") < 5
    terminal.press("q")
    assert terminal.finish() == 0


def test_bytes_that_are_no_text_are_no_fault(open_terminal: Open) -> None:
    """Input that is no UTF-8, as from a paste in another encoding or an old mouse report, ends nothing."""
    terminal = open_terminal(size=(120, 40))
    terminal.shows("press space")
    os.write(terminal.master, b"\xff\xbd\x1b[M\xa0\xe1\xf0 gr\xfc\xdf \xc3")
    terminal.press("\x1b")
    terminal.press(":")
    terminal.shows("set lr 0.003")
    os.write(terminal.master, b"set lr 0.25\xe4\x7f\r")
    terminal.shows("lr         0.25")
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.finish() == 143
    assert terminal.restored


def test_terminal_that_never_answers_is_still_shown_frames(open_terminal: Open) -> None:
    """Without answers to cursor-position queries frames go on by the clock."""
    terminal = open_terminal(size=(80, 24), answers=False)
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 500, seconds=120)
    terminal.press("q")
    assert terminal.finish() == 0


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGHUP, marks=pytest.mark.slow), signal.SIGTERM, signal.SIGQUIT]
)
def test_signals_save_and_restore(open_terminal: Open, tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM, SIGHUP and SIGQUIT save the run and restore the terminal before the process ends."""
    terminal = open_terminal(size=(80, 24))
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 100)
    os.kill(terminal.process.pid, number)
    assert terminal.finish() == 128 + number
    assert (tmp_path / "rescued").read_text().startswith("step ")
    assert terminal.restored


def test_a_kill_of_a_program_that_hangs_restores_the_terminal(open_terminal: Open, tmp_path: Path) -> None:
    """SIGTERM while the screen does not answer at all: the run is saved, the terminal restored, status 143."""
    terminal = open_terminal("--hang", size=(80, 24))
    terminal.shows("press space")
    terminal.press("r")
    terminal.until(lambda: (tmp_path / "hangs").exists())
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.finish() == 143
    assert (tmp_path / "rescued").exists()
    assert terminal.restored


def test_a_long_save_that_goes_on_is_waited_for(open_terminal: Open, tmp_path: Path) -> None:
    """A save that takes longer than a stuck one may, but goes on, comes to its end; why it takes so long is said."""
    pieces = int(1.5 * STUCK_AFTER / 0.25)
    terminal = open_terminal("--pieces", str(pieces), size=(80, 24))
    terminal.shows("press space")
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.finish() == 143
    assert (tmp_path / "rescued").exists()
    assert terminal.restored
    assert b"nnplay: keeping the run" in terminal.raw.rpartition(b"\x1b[?1049l")[2]


def test_a_save_that_is_stuck_does_not_hold_the_program(open_terminal: Open, tmp_path: Path) -> None:
    """A save that comes no further is given up: the process ends, the terminal restored."""
    terminal = open_terminal("--stuck", size=(80, 24))
    terminal.shows("press space")
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.finish() == 143
    assert not (tmp_path / "rescued").exists()
    assert terminal.restored


def test_a_terminal_that_takes_nothing_is_restored(open_terminal: Open, tmp_path: Path) -> None:
    """SIGTERM while the terminal has stopped reading: the run is saved, the line discipline back, status 143."""
    terminal = open_terminal(size=(200, 60), answers=False)
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 100)
    terminal.until_full()
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.process.wait(PATIENCE) == 143
    assert (tmp_path / "rescued").exists()
    assert terminal.cooked


def test_a_hang_up_that_was_ignored_stays_ignored(open_terminal: Open, tmp_path: Path) -> None:
    """Started with SIGHUP ignored, as by `nohup`, it trains on after one; without a terminal it saves and ends."""
    terminal = open_terminal(size=(80, 24), ignored=[signal.SIGHUP])
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 100)
    os.kill(terminal.process.pid, signal.SIGHUP)
    step = step_of(terminal)
    terminal.until(lambda: step_of(terminal) > step + 500)
    assert not (tmp_path / "rescued").exists()
    terminal.hang_up()
    assert terminal.process.wait(PATIENCE) == 129
    assert (tmp_path / "rescued").exists()


def test_unexpected_error_saves_restores_and_says_where(open_terminal: Open, tmp_path: Path) -> None:
    """A bug before the first frame: a restored terminal, the run saved, lines instead of a traceback, status 1."""
    terminal = open_terminal("--crash", "start", size=(80, 24))
    assert terminal.finish() == 1
    assert terminal.restored
    assert (tmp_path / "rescued").exists()
    message = terminal.raw.rpartition(b"\x1b[?1049l")[2].decode()
    assert "a bug of the tests" in message
    assert "saved to rescued" in message
    assert "Traceback" not in message
    path = Path(message.rpartition("details: ")[2].split()[0])
    assert "Traceback" in path.read_text()


def test_an_unexpected_error_behind_a_key_is_told_and_the_run_goes_on(open_terminal: Open, tmp_path: Path) -> None:
    """A sentence on the screen, the traceback in a private file; training starts, and q leaves as ever."""
    terminal = open_terminal("--crash", "rewind", size=(120, 40))
    terminal.shows("press space")
    terminal.press("r")
    terminal.shows("did not expect: RuntimeError: a bug of the tests; the run continues; details:")
    assert "Traceback" in next((tmp_path / "nnplay").glob("error-*.txt")).read_text()
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 100)
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored


def test_keys_of_a_real_keyboard(open_terminal: Open) -> None:
    """Arrow keys as a terminal sends them, a typed value, a command in one write, a dialog left by escape."""
    terminal = open_terminal(size=(120, 40))
    terminal.shows("press space")
    terminal.press("1")
    terminal.shows("▸set")
    terminal.press("\x1b[B\x1b[B")
    terminal.shows("▸noise")
    terminal.press("\x1b[C")
    terminal.until(lambda: bool(re.search(r"▸noise +\S+ +0\.1[2-9]", terminal.text)))
    terminal.press("\r" + "\x7f" * 6 + "0.3\r")
    terminal.until(lambda: bool(re.search(r"▸noise +\S+ +0\.3 ", terminal.text)))
    terminal.press(":set lr 0.25\r")
    terminal.shows("lr         0.25")
    terminal.press("?")
    terminal.shows("Keys in this pane")
    terminal.press("\x1b")
    terminal.until(lambda: "Keys in this pane" not in terminal.text)
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored


def test_mouse_of_a_real_terminal(open_terminal: Open) -> None:
    """A click as a terminal reports it presses the footer's first key."""
    terminal = open_terminal(size=(120, 40))
    terminal.shows("press space")
    terminal.press("\x1b[<0;4;40M\x1b[<0;4;40m")
    terminal.until(lambda: step_of(terminal) > 0)
    terminal.press("q")
    assert terminal.finish() == 0


def test_suspended_and_brought_back(open_terminal: Open) -> None:
    """ctrl+z gives the terminal back to the shell while training; brought back, the whole screen is there again."""
    terminal = open_terminal(size=(120, 40), program="shell")
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 100)
    terminal.press("\x1a")
    terminal.shows("job stopped")
    assert terminal.restored
    terminal.press("\n")
    terminal.until(lambda: terminal.raw.rfind(b"\x1b[?1049h") > terminal.raw.rfind(b"job stopped"))
    terminal.shows("1 Data")
    terminal.shows("space run")
    terminal.press(" ")
    before = step_of(terminal)
    terminal.until(lambda: step_of(terminal) > before + 100)
    terminal.press("q")
    assert terminal.finish() == 0


def test_ctrl_z_without_a_shell_is_refused(open_terminal: Open) -> None:
    """Where no shell could bring the program back, it says so and goes on."""
    terminal = open_terminal(size=(120, 40))
    terminal.shows("press space")
    terminal.press("\x1a")
    terminal.shows("there is none to return to")
    terminal.press("q")
    assert terminal.finish() == 0


def test_wrong_keymap_is_one_sentence(open_terminal: Open, tmp_path: Path) -> None:
    """Two actions on one key: a line that names both, status 2, no screen."""
    folder = tmp_path / "nnplay"
    folder.mkdir()
    (folder / "keymap.toml").write_text('[keys]\nrun = "r"\n')
    terminal = open_terminal(size=(80, 24))
    assert terminal.finish() == 2
    assert b"'rewind'" in terminal.raw
    assert b"\x1b" not in terminal.raw


def test_own_keys_are_taken_and_shown(open_terminal: Open, tmp_path: Path) -> None:
    """A key of the user's own does the action and stands in the footer."""
    folder = tmp_path / "nnplay"
    folder.mkdir()
    (folder / "keymap.toml").write_text('[keys]\nrun = "B"\n')
    terminal = open_terminal(size=(80, 24))
    terminal.shows("B run")
    terminal.press("B")
    terminal.until(lambda: step_of(terminal) > 0)
    terminal.press("q")
    assert terminal.finish() == 0


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
        [sys.executable, "-m", "nnplay"],
        cwd=ROOT,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"nnplay train" in done.stderr


def test_a_closed_standard_input_is_refused() -> None:
    """Without any standard input: the same one line as for a pipe, status 2."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m nnplay <&-'], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"nnplay train" in done.stderr


@pytest.mark.parametrize("options", [(), ("--ascii",)], ids=["signs", "plain"])
def test_the_data_are_browsed_on_a_terminal(open_terminal: Open, options: tuple[str, ...]) -> None:
    """b shows the table, end its last row, tab the row as numbers; a resize keeps the place, and escape leads back.

    With --ascii every screen on that way is 7-bit.
    """
    terminal = open_terminal(*options, size=(80, 24))
    terminal.shows("press space")
    assert not options or terminal.text.isascii()
    terminal.press("b")
    terminal.shows("distinct")
    terminal.shows("feature")
    terminal.press("\x1b[F")
    terminal.shows("row 300")
    terminal.press("\t")
    terminal.shows("as written")
    terminal.resize(120, 40)
    terminal.shows("row 300 of 300")
    assert not options or terminal.text.isascii()
    terminal.press("\x1b")
    terminal.shows("4 Output")
    terminal.until(lambda: "row 300 of 300" not in terminal.text)
    assert not options or terminal.text.isascii()
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored
