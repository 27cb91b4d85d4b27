"""A CSV file whose name, header and cells hold control sequences and markup, through the whole real program."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.terminal.emulator import Terminal
from tests.terminal.test_recovery import open_nnplay  # noqa: F401 - a fixture
from tests.terminal.test_screen import step_of

Open = Callable[..., Terminal]

NAME = "x\x1b]0;PWNED\x07[@click=app.quit]y.csv"
COLUMNS = ("[@click=app.quit]go[/]", "a\x1b]52;c;aGk=\x07b", "%s{0}$(x)`", "\u202eabc\u200b" + "\u0301" * 1000, "what")
CLASSES = ("\x1b]0;PWNED\x07red", "[/]blue[bold", "\x9b31mgreen")
FORBIDDEN = {
    "clipboard": b"\x1b]52",
    "title": b"\x1b]0;PWNED",
    "link": b"\x1b]8;",
    "bell": b"\x07",
    "C1 in UTF-8": b"\xc2\x9b",
    "C1 byte": b"\x9b31m",
    "right to left": "\u202e".encode(),
    "zero width": "\u200b".encode(),
    "heap of combining marks": ("\u0301" * 3).encode(),
}


def write(folder: Path) -> Path:
    """The file: 120 rows of four numbers, and three classes that can be told apart by the first."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 120)
    numbers = rng.normal(size=(120, 4)) + label[:, None] * [2.0, 0, 0, 0]
    lines = [",".join(f'"{name}"' for name in COLUMNS)]
    lines += [
        ",".join([*(f"{value:.3f}" for value in row), f'"{CLASSES[kind]}"'])
        for row, kind in zip(numbers, label, strict=True)
    ]
    path = folder / NAME
    path.write_bytes("\n".join(lines).encode("utf-8"))
    return path


WALK = [
    ("1", "x␛]0;PWNED"),
    ("3", "loss"),
    ("2", "Network"),
    ("v", "[@click=app.quit]"),
    ("5", "valid"),
    ("6", "Health"),
    ("4", "worst mistakes"),
]
"""Keys, and what the screen shows after each."""
DIALOGS = [
    (":set target=", "set target="),
    ("L", "scroll · esc close"),
    ("?", "esc close"),
    ("o", "─ open ─"),
    ("/", "go to a setting"),
    ("i", "n next row"),
]


@pytest.mark.parametrize(
    "environ", [{}, pytest.param({"NO_COLOR": "1"}, marks=pytest.mark.slow)], ids=["colours", "none"]
)
def test_names_of_a_file_are_shown_and_never_obeyed(
    open_nnplay: Open,  # noqa: F811
    tmp_path: Path,
    environ: dict[str, str],
) -> None:
    """In every pane, dialog and list the sequences are visible characters; no byte of theirs reaches the terminal."""
    path = write(tmp_path)
    terminal = open_nnplay("--no-tour", "--data", str(path), "--target", "what", **environ)
    terminal.shows("press space")
    terminal.press(" ")
    terminal.until(lambda: step_of(terminal) > 50)
    terminal.press(" ")
    terminal.shows("[/]blue")
    terminal.shows("␛]0;P")
    for key, word in WALK:
        terminal.press(key)
        terminal.shows(word)
    for dialog, words in DIALOGS:
        terminal.press(dialog)
        terminal.shows(words)
        terminal.press("\x1b")
        terminal.until(lambda words=words: words not in terminal.text)  # type: ignore[misc]
    terminal.press("s")
    terminal.shows("saved to")
    terminal.press("q")
    assert terminal.finish() == 0
    sent = re.sub(rb"\x1b\]22;[a-z-]*\x07", b"", terminal.raw)  # Textual's shape of the mouse pointer
    assert [what for what, sequence in FORBIDDEN.items() if sequence in sent] == []
    assert terminal.restored
