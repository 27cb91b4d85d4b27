"""Keys that arrive in one burst, as a slow line delivers them, do what they do one by one."""

from __future__ import annotations

import pytest

from tests.terminal.conftest import Open
from tests.terminal.test_screen import step_of


@pytest.mark.slow  # see `tests/ui/test_key_order.py`, and `test_opening.py` for one that comes before the screen
def test_a_command_typed_in_one_burst_is_run(open_terminal: Open) -> None:
    """`:set rate 0.5`, enter and space, sent at once: the rate is set and training begins."""
    terminal = open_terminal(size=(120, 40))
    terminal.shows("press space")
    terminal.press(":set rate 0.5\r ")
    terminal.shows("lr         0.5")
    terminal.until(lambda: step_of(terminal) > 100)
    terminal.press("q")
    assert terminal.finish() == 0


def test_a_choice_taken_in_one_burst(open_terminal: Open) -> None:
    """`p`, enter and space, sent at once: a preset is chosen in its dialog, and the space behind trains it."""
    terminal = open_terminal(size=(120, 40))
    terminal.shows("press space")
    terminal.press("p\r ")
    terminal.until(lambda: step_of(terminal) > 100)
    terminal.press("q")
    assert terminal.finish() == 0


@pytest.mark.parametrize("repeated", [60_000, pytest.param(250_000, marks=pytest.mark.slow)])
def test_a_long_paste_into_the_command_line(open_terminal: Open, repeated: int) -> None:
    """A quarter of a megabyte, or all, is one line, refused in one sentence; the screen goes on answering."""
    terminal = open_terminal(size=(120, 40))
    terminal.shows("press space")
    terminal.press(":")
    terminal.shows("set lr 0.003")
    terminal.paste("x y " * repeated)
    terminal.press("\r")
    terminal.shows("unknown command 'x'")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 100)
