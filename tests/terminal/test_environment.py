"""Environment variables that mean something else to Textual or to Python: the playground opens and ends as ever."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.terminal.conftest import ROOT
from tests.terminal.emulator import Terminal

Start = Callable[[Mapping[str, str]], Terminal]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts `nnplay` with more variables, and ends it after the test."""
    opened: list[Terminal] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    home = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def start_one(environ: Mapping[str, str]) -> Terminal:
        opened.append(Terminal(["-m", "nnplay", "--no-tour"], 120, 40, {**home, **environ}))
        return opened[-1]

    yield start_one
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize(
    "environ",
    [
        {
            **{"TEXTUAL_DRIVER": "nonsense", "TEXTUAL_FPS": "abc", "TEXTUAL_THEME": "none such"},
            **{"TEXTUAL_COLOR_SYSTEM": "mauve", "TEXTUAL_LOG": "/proc/no/such/file", "TEXTUAL_ANIMATIONS": "x"},
            **{"TEXTUAL": "debug,devtools", "TEXTUAL_DEBUG": "1", "TEXTUAL_SCREENSHOT": "0", "TEXTUAL_PRESS": "q,q"},
            **{"TEXTUAL_SHOW_RETURN": "1", "TEXTUAL_FILTERS": "dim,x", "TEXTUAL_DIM_FACTOR": "-7", "ESCDELAY": "soon"},
            **{"COLUMNS": "99999999", "LINES": "-4", "PYTHONIOENCODING": "idna"},
        },
        pytest.param({"PYTHONIOENCODING": "utf-16", "TEXTUAL_COLOR_SYSTEM": "truecolor"}, marks=pytest.mark.slow),
    ],
    ids=["all", "UTF-16"],
)
def test_odd_variables_have_no_effect(environ: dict[str, str], start: Start) -> None:
    """The screen is as large as the terminal says, keys work, and the end leaves nothing behind, not even a word.

    Only the number of colours, where there is one, is heard.
    """
    terminal = start(environ)
    terminal.shows("press space")
    terminal.press("?")
    terminal.shows("Keys in this pane")
    terminal.press("\x1b")
    terminal.until(lambda: "Keys in this pane" not in terminal.text)
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored
    assert (b"38;2;" in terminal.raw) == (environ.get("TEXTUAL_COLOR_SYSTEM") == "truecolor")
    left = terminal.raw.rpartition(b"\x1b[?1049l")[2]
    assert re.sub(rb"\x1b\[[?\d;]*[a-z]", b"", left).strip() == b""


@pytest.mark.slow
@pytest.mark.parametrize(("system", "colours"), [("standard", 16), ("truecolor", 1 << 24)])
def test_the_number_of_colours_can_still_be_forced(system: str, colours: int, start: Start) -> None:
    """For a terminal that says too little of itself, one of Textual's variables is heard."""
    terminal = start({"TEXTUAL_COLOR_SYSTEM": system})
    terminal.shows("press space")
    terminal.press("q")
    assert terminal.finish() == 0
    assert (b"38;2;" in terminal.raw) == (colours > 256)
