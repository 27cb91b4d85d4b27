"""The real playground on a pseudo-terminal whose disk is full for a while: said, trained on, saved again."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

from nnplay import session
from tests.terminal.emulator import Terminal
from tests.terminal.test_recovery import Open, assert_legal, open_nnplay, train
from tests.terminal.test_screen import step_of

__all__ = ["open_nnplay"]


def files_of(terminal: Terminal, most: int) -> None:
    """No file that the program writes may become larger than so many bytes."""
    _, hard = resource.prlimit(terminal.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(terminal.process.pid, resource.RLIMIT_FSIZE, (most, hard))


def generation() -> int:
    """The number of the newest autosave."""
    return max((held.generation for held in session.autosaves()), default=0)


def newer_than(number: int) -> Callable[[], bool]:
    """Whether there is an autosave after that one."""
    return lambda: generation() > number


def test_a_full_disk_is_said_and_costs_nothing_but_the_autosaves_of_that_time(open_nnplay: Open) -> None:
    """Without room: said on the screen, training goes on, the last copy stays whole; with room again: said, saved."""
    environ = {"NNPLAY_AUTOSAVE_SECONDS": "0.2", "PYTHONDONTWRITEBYTECODE": "1"}
    terminal = open_nnplay("--no-tour", "--data", "spiral", **environ)
    train(terminal)
    terminal.until(newer_than(0))
    files_of(terminal, 64)
    terminal.shows("autosave failed")
    before, step = generation(), step_of(terminal)
    terminal.until(lambda: step_of(terminal) > step + 100)
    assert generation() == before
    terminal.press("s")
    terminal.until(lambda: "not saved" in terminal.words and "autosave failed" not in terminal.words)
    (kept,) = session.autosaves()
    assert session.load(kept.path).warnings == ()
    files_of(terminal, resource.RLIM_INFINITY)
    terminal.until(newer_than(before))
    terminal.shows("autosave works again")
    terminal.press("s")
    terminal.shows("saved to spiral.nnplay")
    terminal.press(" ")
    terminal.shows("‖")
    terminal.press("s")
    terminal.until(lambda: "●" not in terminal.text.split("\n")[0])
    terminal.press("q")
    assert terminal.finish() == 0
    assert assert_legal(Path("spiral.nnplay")) > step
