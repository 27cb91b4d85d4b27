"""The real playground on a pseudo-terminal, ended in the middle of training: what the next start finds."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from nnplay import session
from nnplay.run.saving.session import Session
from tests.terminal.emulator import PATIENCE, Terminal
from tests.terminal.fork_server import ForkServer
from tests.terminal.test_screen import step_of

ROOT = Path(__file__).parents[2]
Open = Callable[..., Terminal]
START = "import os, sys; os.umask(0); from nnplay.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def open_nnplay(fork_server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Starts `nnplay` with folders of its own, and ends it after the test.

    A start is forked but where it is to be `apart`; its umask may be one that `hides` nothing.
    """
    opened: list[Terminal] = []
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    home = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    if "NNPLAY_CACHE_DIR" in os.environ:
        home["NNPLAY_CACHE_DIR"] = os.environ["NNPLAY_CACHE_DIR"]

    def open_one(*words: str, hides: bool = True, apart: bool = False, **environ: str) -> Terminal:
        arguments = ["-m", "nnplay", *words] if hides else ["-c", START, *words]
        opened.append(Terminal(arguments, 80, 24, {**home, **environ}, server=None if apart else fork_server))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def train(terminal: Terminal, steps: int = 50) -> int:
    """Opens, trains for some steps; the step that the screen showed last. Kernels may have to be compiled first."""
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > steps)
    return step_of(terminal)


def processes_of(leader: int) -> list[int]:
    """What still runs in the session that a process led, and what it started in sessions of their own."""
    return [number for number, parent, session_of in running() if leader in (parent, session_of)]


def running() -> list[tuple[int, int, int]]:
    """All processes: number, parent and session of each."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # ended meanwhile
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    found.append((int(entry.name), int(fields[1]), int(fields[3])))
    return found


def assert_legal(path: Path) -> int:
    """The session holds exactly what an uninterrupted run of as many steps holds; how many they are."""
    with Session.open(path) as found:
        assert found.warnings == ()
        fresh = found.config.trainer()
        fresh.run(steps=found.trainer.step)
        wanted = {**fresh.tensors(), **fresh.history.to_arrays()}
        got = {**found.trainer.tensors(), **found.trainer.history.to_arrays()}
        assert set(got) == set(wanted)
        for name, value in wanted.items():
            assert np.array_equal(got[name], value, equal_nan=True), name
        return found.trainer.step


@pytest.mark.parametrize("how", [pytest.param("SIGHUP", marks=pytest.mark.slow), "SIGTERM", "closed"])  # closed is both
def test_an_end_that_nobody_asked_for_loses_nothing(open_nnplay: Open, how: str) -> None:
    """SIGHUP, SIGTERM, closed pty while training: 128 + n, all steps kept and legal, no process left."""
    terminal = open_nnplay("--no-tour")
    shown = train(terminal)
    number = signal.SIGTERM if how == "SIGTERM" else signal.SIGHUP
    if how == "closed":
        terminal.hang_up()
        status = terminal.process.wait(60)
    else:
        os.kill(terminal.process.pid, number)
        status = terminal.finish(seconds=60)
        assert terminal.restored
    assert status == 128 + number
    assert processes_of(terminal.process.pid) == []
    (kept,) = session.autosaves()
    assert not kept.in_use
    assert assert_legal(kept.path) >= shown


def test_the_next_start_offers_the_run_and_resumes_it(open_nnplay: Open) -> None:
    """After a SIGHUP a start without a run offers this one, esc leaves it, and `nnplay open` goes on at its step."""
    terminal = open_nnplay("--no-tour")
    train(terminal)
    os.kill(terminal.process.pid, signal.SIGHUP)
    assert terminal.finish() == 129
    (kept,) = session.autosaves()
    step = kept.record["progress"]["step"]
    again = open_nnplay("--no-tour")
    again.until(lambda: b"recovered runs" in again.raw)
    again.shows("ended without being saved")
    again.press("\x1b")
    again.until(lambda: "ended without being saved" not in again.text)
    again.press("q")
    assert again.finish() == 0
    named = open_nnplay("--no-tour", "--data", "xor")
    named.until(lambda: "xor" in named.text)
    named.press("q")
    assert named.finish() == 0
    assert b"ended without being saved" not in named.raw  # a run that was asked for is shown, and no other offered
    resumed = open_nnplay("open", str(kept.path))
    resumed.until(lambda: step_of(resumed) == step)
    resumed.process.kill()
    resumed.process.wait()
    assert assert_legal(kept.path) == step


def test_a_kill_loses_no_more_than_the_time_between_autosaves(open_nnplay: Open) -> None:
    """After SIGKILL the recovery folder holds a legal state, no older than an interval (here 1 s) and a half."""
    terminal = open_nnplay("--no-tour", NNPLAY_AUTOSAVE_SECONDS="1")
    train(terminal)

    def kept() -> list[session.Summary]:
        return [summary for summary in session.autosaves() if summary.record]

    terminal.until(lambda: bool(kept()))
    first = kept()[0].generation
    terminal.until(lambda: kept()[0].generation >= first + 3)
    terminal.process.kill()
    terminal.process.wait()
    (found,) = kept()
    assert not found.in_use
    assert assert_legal(found.path) > 0


def test_everything_is_private_and_nothing_is_in_a_shared_folder(open_nnplay: Open, tmp_path: Path) -> None:
    """A visit under umask 000 (training, autosave, saving): files 0600, folders 0700, no temporary files."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o700)
    terminal = open_nnplay("--no-tour", "--data", "xor", hides=False, NNPLAY_AUTOSAVE_SECONDS="1", TMPDIR=str(shared))
    train(terminal)
    terminal.until(lambda: bool(session.autosaves()))
    terminal.press("s")
    terminal.until(lambda: (tmp_path / "xor.nnplay" / "session.toml").exists())
    terminal.shows("saved to")
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.finish() == 143
    found = list(tmp_path.rglob("*"))
    assert {"session.toml", "recent.json"} <= {path.name for path in found}
    wrong = [path for path in found if stat.S_IMODE(path.stat().st_mode) != (0o700 if path.is_dir() else 0o600)]
    assert wrong == []
    assert list(shared.iterdir()) == []


def test_packed_and_locked_sessions_say_what_they_are_on_the_screen(open_nnplay: Open, tmp_path: Path) -> None:
    """`open` of a packed file stops where it was packed; of a session that is in use: marked read-only, with who."""
    with Session.new("run.nnplay", {"data": "xor", "layers": "linear 4, tanh, linear 2"}) as made:
        made.trainer.run(steps=30)
        made.save()
        made.pack("packed.zip")
    packed = open_nnplay("open", "packed.zip")
    packed.shows("at step 30")
    packed.until(lambda: step_of(packed) == 30)
    assert "read only" not in packed.text
    first = open_nnplay("open", "run.nnplay")
    first.shows("at step 30")
    second = open_nnplay("open", "run.nnplay")
    second.until(lambda: "read only" in second.text.split("\n")[0] and "has had it open" in second.text)
    for terminal in (packed, first, second):
        terminal.press("q")
        assert terminal.finish() == 0


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),  # is taken as SIGTERM
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),  # see `tests/jit/test_compiler_apart.py`
    ],
)
def test_an_end_while_kernels_are_compiled_leaves_no_process(
    open_nnplay: Open, tmp_path: Path, number: signal.Signals
) -> None:
    """Ended in the middle of its first compilation, an edit just made: gone, then its compilers; edit kept."""
    unmade = {"NNPLAY_CACHE_DIR": str(tmp_path / "cache"), "NNPLAY_PROCESSOR": "host"}  # no pack serves it
    terminal = open_nnplay("--no-tour", "--data", "xor", apart=True, **unmade)
    terminal.shows("compiling kernels")
    compilers = [number for number, parent, _ in running() if parent == terminal.process.pid]
    assert compilers
    terminal.press(":set lr 0.125\r")
    terminal.until(lambda: b"0.125 from this step on" in terminal.raw)  # it may stand there for a moment only
    if number == signal.SIGKILL:
        terminal.until(lambda: bool(session.autosaves()))
    os.kill(terminal.process.pid, number)
    status = terminal.finish()
    assert status == (-number if number == signal.SIGKILL else 128 + number)
    terminal.until(lambda: not {number for number, _, _ in running()} & {terminal.process.pid, *compilers})
    (kept,) = session.autosaves()
    with Session.open(kept.path) as found:
        assert found.config.optimizer.values["lr"] == 0.125


def test_headless_training_on_a_closed_terminal_is_kept(open_nnplay: Open, tmp_path: Path) -> None:
    """`nnplay train --save` whose terminal is closed ends with 129 and has saved a legal state."""
    terminal = open_nnplay("train", "spiral", "--epochs", "100000000", "--save", "run.nnplay")
    terminal.until(lambda: "epoch" in terminal.text and "steps/s" in terminal.text)
    terminal.hang_up()
    assert terminal.process.wait(PATIENCE) == 129
    assert processes_of(terminal.process.pid) == []
    assert assert_legal(tmp_path / "run.nnplay") > 0
    assert session.autosaves() == []
