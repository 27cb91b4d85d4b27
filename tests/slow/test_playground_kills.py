"""kill -9 of the real playground on a pseudo-terminal, at random moments while it trains, saves and autosaves."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from nnplay import session
from nnplay.run.saving.session import Session
from nnplay.training.trainer import Trainer
from tests.terminal.conftest import ROOT, fork_server
from tests.terminal.emulator import Terminal
from tests.terminal.fork_server import ForkServer
from tests.terminal.test_screen import step_of

__all__ = ["fork_server"]

RUN = {
    "data": "spiral",
    "layers": "linear 96, tanh, linear 96, tanh, linear 2",
    "optimizer": "adam",
    "epochs": 1_000_000,
}
_SAVED = re.compile(r"saved to run\.nnplay at step ([\d,]+)")


def acknowledged(terminal: Terminal) -> int:
    """The step of the save that the screen reports, or -1."""
    found = _SAVED.search(terminal.text)
    return int(found.group(1).replace(",", "")) if found else -1


def kill_playground(server: ForkServer, state: Path, seconds: float, saves: bool) -> int:
    """Opens the session, trains, saves (once, or over and over), is killed so long after; the last one reported."""
    environ = {"XDG_STATE_HOME": str(state), "NNPLAY_AUTOSAVE_SECONDS": "0.1", "PYTHONPATH": str(ROOT)}
    terminal = Terminal(["-m", "nnplay", "open", "run.nnplay"], 80, 24, environ, server=server)
    try:
        terminal.until(lambda: "press space" in terminal.text)
        terminal.press(" +")  # at full speed
        terminal.until(lambda: step_of(terminal) > 0)
        terminal.press("s")
        terminal.until(lambda: acknowledged(terminal) > 0)
        seen, end, pressed = acknowledged(terminal), time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            if saves and time.monotonic() - pressed > 0.03:
                terminal.press("s")
                pressed = time.monotonic()
            terminal.read(0.005)
            seen = max(seen, acknowledged(terminal))
        if not saves:
            terminal.until(lambda: bool(session.autosaves()))  # one at least, however long it takes
        os.kill(terminal.process.pid, signal.SIGKILL)
        assert terminal.process.wait() == -signal.SIGKILL
        with contextlib.suppress(BlockingIOError):  # what had reached the terminal was seen
            os.set_blocking(terminal.master, False)
            while True:
                terminal.feed(os.read(terminal.master, 1 << 16))
        return max(seen, acknowledged(terminal))
    finally:
        terminal.close()


def goes_on_exactly(trainer: Trainer, path: Path) -> None:
    """The session holds what this run holds after as many steps: all tensors, the same bits."""
    with Session.open(path) as found:
        assert found.warnings == ()
        trainer.run(steps=found.trainer.step - trainer.step)
        wanted, got = trainer.tensors(), found.trainer.tensors()
        assert all(np.array_equal(got[name], value) for name, value in wanted.items())


@pytest.mark.parametrize("kills", [2, pytest.param(300, marks=pytest.mark.slow)])
def test_no_kill_of_the_playground_loses_a_reported_save(
    fork_server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int
) -> None:
    """Of 2 (slow: 300) SIGKILLs: 0 saves lost that the screen reported, 0 mixed states, 0 unreadable autosaves."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with Session.new("run.nnplay", RUN) as made:
        reference = made.config.trainer()
    rng, recovered = random.Random(kills), 0
    for number in range(kills):
        saves = number % 4 != 1
        seconds = rng.uniform(0.0, 0.8) if saves else rng.uniform(0.5, 3.0)
        reported = kill_playground(fork_server, tmp_path / "state", seconds, saves)
        kept = session.load("run.nnplay")
        assert kept.warnings == ()
        assert kept.record["progress"]["step"] >= reported > 0
        goes_on_exactly(reference, Path("run.nnplay"))
        for held in session.autosaves():
            recovered += 1
            assert held.problem == ""
            assert session.load(held.path).warnings == ()
            session.discard(held.path)
    assert recovered > 0
    print(f"{kills} kills, {recovered} recovered runs, {reference.step:,} steps")
