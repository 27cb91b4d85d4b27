"""The real program on a pseudo-terminal, from its first byte until the playground has the terminal."""

from __future__ import annotations

import gc
import os
import pty
import select
import signal
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

from nnplay.tui.terminal.opening import Opening, clear_and_write
from tests.terminal.emulator import PATIENCE, Terminal
from tests.terminal.fork_server import ForkServer
from tests.terminal.test_screen import step_of

ROOT = Path(__file__).parents[2]
Open = Callable[..., Terminal]
START = "import sys; from nnplay.cli import main; sys.exit(main(sys.argv[1:]))"
SCRIPT = "import sys; from nnplay.__main__ import main; sys.exit(main())"
HELD = (
    "import sys, time\n"
    "class Finder:\n"
    "    @staticmethod\n"
    "    def find_spec(name, *more):\n"
    "        if name == 'textual':\n"
    "            {instead}\n"
    "sys.meta_path.insert(0, Finder)\n" + START
)
"""The same program, but something happens instead of the import of Textual."""


@pytest.fixture
def open_nnplay(early_fork_server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Starts `nnplay` with folders of its own, and ends it after the test.

    It is forked where what a start does before the first frame has been imported, but where it is to be `apart`.
    """
    opened: list[Terminal] = []
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    home = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    if "NNPLAY_CACHE_DIR" in os.environ:
        home["NNPLAY_CACHE_DIR"] = os.environ["NNPLAY_CACHE_DIR"]

    def open_one(*words: str, code: str = START, size: tuple[int, int] = (120, 40), apart: bool = False) -> Terminal:
        opened.append(Terminal(["-c", code, *words], *size, home, server=None if apart else early_fork_server))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def test_nothing_is_looked_through_for_garbage_meanwhile() -> None:
    """The collector rests until all is built, then leaves what is there alone and works; also after a failure."""
    opening, before = Opening(), gc.get_freeze_count()
    try:
        gc.disable()
        opening.done()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
        gc.disable()
        opening.__exit__()
        assert gc.isenabled()
    finally:
        gc.enable()


def test_what_leaves_the_screen_reaches_a_terminal_that_was_full() -> None:
    """What a terminal has not taken is thrown away for it, also the rest of what a thread is just writing."""
    master, slave = pty.openpty()
    try:
        tty.setraw(slave)
        writing = threading.Thread(target=os.write, args=(slave, b"x" * 2**20))
        writing.start()
        deadline = time.monotonic() + PATIENCE
        while select.select([], [slave], [], 0)[1]:
            assert time.monotonic() < deadline, "the terminal always had room"
            time.sleep(0.01)
        screen = os.open(os.ttyname(slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        while not clear_and_write(screen, b"at last"):
            assert time.monotonic() < deadline, "a thread never came to the end of its write"
            time.sleep(0.01)
        writing.join(PATIENCE)
        os.close(screen)
        read = b""
        while not read.endswith(b"at last"):
            read += os.read(master, 2**16)
        assert len(read) < 2**20
    finally:
        os.close(slave)
        os.close(master)


def assert_frame_came_first(terminal: Terminal, size: tuple[int, int]) -> None:
    """Borders and titles were on the screen before anything of Textual's."""
    first = pyte.Screen(*size)
    pyte.ByteStream(first).feed(terminal.raw.partition(b"\x1b[?1000h")[0])
    assert "getting ready" in "\n".join(first.display)
    assert "4 Output" in "\n".join(first.display)


@pytest.mark.slow  # the next one shows it at a size
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_the_frame_comes_first(open_nnplay: Open, size: tuple[int, int]) -> None:
    """Borders and titles are on the screen before anything of Textual's, and go on standing there."""
    terminal = open_nnplay("--no-tour", size=size, apart=size == (80, 24))
    terminal.shows("press space to train")
    assert_frame_came_first(terminal, size)
    assert "getting ready" not in terminal.text
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored


def test_keys_pressed_meanwhile_are_done(open_nnplay: Open) -> None:
    """Space, and a command with return, typed while the first frame stands there, are done and not echoed.

    The frame is there before anything of Textual's.
    """
    terminal = open_nnplay("--no-tour", apart=True)
    terminal.until(lambda: b"getting ready" in terminal.raw)
    terminal.press(":set lr 0.007\r ")
    terminal.until(lambda: step_of(terminal) > 0)
    terminal.shows("lr          0.007")
    first_mouse = terminal.raw.index(b"\x1b[?1000h")
    assert b"set lr" not in terminal.raw[:first_mouse]
    assert_frame_came_first(terminal, (120, 40))
    assert "getting ready" not in terminal.text
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.finish() == 143
    assert terminal.restored


@pytest.mark.parametrize("start", [START, SCRIPT], ids=["main", "script"])
def test_ctrl_c_meanwhile_ends_it(open_nnplay: Open, start: str) -> None:
    """Ctrl+C ends the program with status 130 and the terminal as it was, though Textual is half imported."""
    held = HELD.format(instead="time.sleep(60)").replace(START, start)
    terminal = open_nnplay(
        code=f"import signal; signal.signal(2, signal.default_int_handler)\n{held}", apart=start == SCRIPT
    )
    terminal.until(lambda: b"getting ready" in terminal.raw)
    terminal.press("\x03")
    assert terminal.finish() == 130
    assert terminal.restored
    assert b"Traceback" not in terminal.raw


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_kill_meanwhile_restores_the_terminal(open_nnplay: Open, number: signal.Signals) -> None:
    """SIGTERM, SIGHUP and SIGQUIT end the program with status 128 + n and the terminal as it was."""
    terminal = open_nnplay(code=HELD.format(instead="time.sleep(600)"))
    terminal.until(lambda: b"getting ready" in terminal.raw)
    terminal.process.send_signal(number)
    assert terminal.finish() == 128 + number
    assert terminal.restored


def test_ctrl_backslash_meanwhile_ends_it(open_nnplay: Open) -> None:
    """Ctrl+\\ ends the program with status 131 and the terminal as it was."""
    terminal = open_nnplay(code=HELD.format(instead="time.sleep(600)"))
    terminal.until(lambda: b"getting ready" in terminal.raw)
    terminal.press("\x1c")
    assert terminal.finish() == 131
    assert terminal.restored


SIGNALLED_CLASS = """
class Member:
    def __set_name__(self, owner, name):
        import os, signal, time
        os.kill(os.getpid(), signal.SIGQUIT)
        time.sleep(0.01)

class Owner:
    member = Member()
"""


def test_a_signal_while_a_class_is_made_ends_it(open_nnplay: Open) -> None:
    """Python makes a RuntimeError of what is raised in the middle of a class: the status is that of the signal."""
    terminal = open_nnplay(code=HELD.format(instead=f"exec({SIGNALLED_CLASS!r}, dict())"))
    assert terminal.finish() == 131
    assert terminal.restored
    assert b"internal error" not in terminal.raw


def test_a_terminal_that_takes_no_frame_is_restored(open_nnplay: Open) -> None:
    """SIGTERM while the terminal takes nothing of the first frame: status 143, and the line discipline as it was."""
    terminal = open_nnplay("--no-tour", size=(900, 300))
    terminal.until_full()
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(PATIENCE) == 143
    assert terminal.cooked


def test_a_hang_up_that_was_ignored_stays_ignored_meanwhile(open_nnplay: Open) -> None:
    """Started with SIGHUP ignored, one that comes while the first frame stands there changes nothing."""
    sent = "import os, signal; os.kill(os.getpid(), signal.SIGHUP); raise SystemExit(7)"
    terminal = open_nnplay(code="import signal; signal.signal(1, signal.SIG_IGN)\n" + HELD.format(instead=sent))
    assert terminal.finish() == 7
    assert terminal.restored


def test_a_failure_meanwhile_is_told_on_the_normal_screen(open_nnplay: Open) -> None:
    """What goes wrong is one line after the terminal has been restored."""
    instead = "from nnplay.errors import InputError; raise InputError('no such thing')"
    terminal = open_nnplay(code=HELD.format(instead=instead))
    assert terminal.finish() == 2
    assert terminal.restored
    last = terminal.raw[terminal.raw.rindex(b"\x1b[?1049l") :]
    assert b"nnplay: no such thing" in last


def test_a_fault_before_the_playground_draws_is_told_on_the_normal_screen(open_nnplay: Open) -> None:
    """A bug that ends the app before it has the terminal: its report stands on the normal screen, status 1."""
    broken = "from nnplay.tui.app import Playground; Playground.get_css_variables = lambda self: 1 / 0; "
    terminal = open_nnplay("--no-tour", code=broken + START)
    assert terminal.finish() == 1
    assert terminal.restored
    last = terminal.raw[terminal.raw.rindex(b"\x1b[?1049l") :]
    assert b"ZeroDivisionError" in last


def test_a_file_that_cannot_be_read_is_told_on_the_normal_screen(open_nnplay: Open, tmp_path: Path) -> None:
    """Data are read behind the first frame, as that can take long: a bad cell is one line after it, status 2."""
    (tmp_path / "bad.csv").write_text("a,y\n1,2\n3,x,4\n", encoding="utf-8")
    terminal = open_nnplay("--data", "bad.csv")
    assert terminal.finish() == 2
    assert terminal.restored
    last = terminal.raw[terminal.raw.rindex(b"\x1b[?1049l") :]
    assert last.count(b"nnplay:") == 1
    assert b"bad.csv, row 3" in last
    assert b"Traceback" not in terminal.raw


def test_a_wrong_word_never_changes_the_screen(open_nnplay: Open) -> None:
    """A file that is not there, an unknown option: one line, status 2, no flash."""
    for words in (["--data", "missing.csv"], ["--dta", "x"]):
        terminal = open_nnplay(*words)
        assert terminal.finish() == 2, words
        assert b"\x1b[?1049h" not in terminal.raw
        assert terminal.raw.count(b"nnplay:") == 1
        assert b"Traceback" not in terminal.raw


def test_a_wrong_keymap_never_changes_the_screen(open_nnplay: Open, tmp_path: Path) -> None:
    """What is wrong with the user's keymap is one line, before the first frame."""
    (tmp_path / "config" / "nnplay").mkdir(parents=True)
    (tmp_path / "config" / "nnplay" / "keymap.toml").write_text('[keys]\nrnu = "x"\n', encoding="utf-8")
    terminal = open_nnplay()
    assert terminal.finish() == 2
    assert b"\x1b[?1049h" not in terminal.raw
