"""Pictures in true pixels on a real pseudo-terminal that gives canned answers."""

from __future__ import annotations

import base64
import os
import re
import zlib
from collections.abc import Callable

import pytest

from tests.terminal.emulator import Terminal

Open = Callable[..., Terminal]
FEATURES = "\x1b[6;20;10t\x1b[?62;4;22c"
_IMAGE = re.compile(rb"\x1b_Ga=T,U=1,f=100,i=(\d+),c=(\d+),r=(\d+),q=2,m=\d;((?:[^\x1b]|\x1b\\\x1b_Gm=\d;)*)\x1b\\")


def _asked(terminal: Terminal, *answers: str) -> None:
    """Waits for the questions, and answers in pieces, with a key in between."""
    answer = terminal.screen.answer
    terminal.screen.answer = lambda data: None if data == b"\x1b[?6c" else answer(data)  # the emulator's own features
    terminal.until(lambda: b"\x1b[>q\x1b[16t\x1b[c" in terminal.raw)
    for part in answers:
        os.write(terminal.master, part.encode())
        terminal.read(0.05)


def _png(found: re.Match[bytes]) -> tuple[int, int, int]:
    """Width and height of an image that was sent, and the bytes of its pixels."""
    png = base64.standard_b64decode(re.sub(rb"\x1b\\\x1b_Gm=\d;", b"", found[4]))
    wide, tall = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    size = int.from_bytes(png[png.index(b"IDAT") - 4 : png.index(b"IDAT")], "big")
    start = png.index(b"IDAT") + 4
    return wide, tall, len(zlib.decompress(png[start : start + size]))


def test_kitty_gets_images_and_forgets_them_at_the_end(open_terminal: Open) -> None:
    """The map is an image of 6×12 pixels a cell; keys between the answers count; at the end it is deleted."""
    terminal = open_terminal(size=(120, 40), COLORTERM="truecolor")
    _asked(terminal, "\x1bP>|kitty(0.", "35.2)\x1b\\", "\x1b[6;20;10t", "5", "\x1b[?62;22c")
    terminal.until(lambda: _IMAGE.search(terminal.raw) is not None)
    found = _IMAGE.search(terminal.raw)
    assert found is not None
    number, columns, rows = (int(part) for part in found.groups()[:3])
    assert _png(found) == (6 * columns, 12 * rows, 12 * rows * (6 * columns + 1))
    terminal.until(lambda: "\U0010eeee".encode() in terminal.raw)
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.raw.rfind(b"\x1b_Ga=d,d=I,i=%d," % number) > terminal.raw.rfind(b"a=T,U=1,f=100,i=%d," % number)
    assert terminal.restored


def test_sixels_are_drawn_at_their_place_and_again_after_a_dialog(open_terminal: Open) -> None:
    """As many pixels as the cells have; a dialog paints over them, and they come back with the screen."""
    terminal = open_terminal(size=(120, 40), COLORTERM="truecolor")
    _asked(terminal, FEATURES)
    terminal.until(lambda: b"\x1bP0;1q" in terminal.raw)
    found = re.search(rb"\x1b7\x1b\[(\d+);(\d+)H\x1bP0;1q\"1;1;(\d+);(\d+)#", terminal.raw)
    assert found is not None
    row, column, wide, tall = (int(part) for part in found.groups())
    assert (wide % 10, tall % 20) == (0, 0)
    assert 1 < row < row + tall // 20 <= 40
    assert 1 < column < column + wide // 10 <= 121
    terminal.press("L")
    terminal.shows("esc")
    before = len(terminal.raw)
    terminal.press("\x1b")
    terminal.until(lambda: b"\x1bP0;1q" in terminal.raw[before:])
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored


@pytest.mark.parametrize(
    ("environ", "answers"),
    [
        ({"COLORTERM": "truecolor"}, ("\x1bP>|xterm(390)\x1b\\", "\x1b[?64;1;2;6c")),
        ({"COLORTERM": "truecolor", "NNPLAY_PICTURES": "cells"}, ()),
        ({"COLORTERM": "truecolor", "TMUX": "/tmp/tmux,1,0"}, ()),
        ({"COLORTERM": "truecolor", "SSH_CONNECTION": "a b"}, ()),
        ({"TERM": "xterm-256color"}, ()),
    ],
)
def test_no_pixels_where_there_are_none(open_terminal: Open, environ: dict[str, str], answers: tuple[str, ...]) -> None:
    """Other terminals, multiplexers, slow lines and few colours keep cells; most are not even asked."""
    terminal = open_terminal(size=(120, 40), **environ)
    if answers:
        _asked(terminal, *answers)
    terminal.shows("press space")
    terminal.press("5")
    terminal.press("q")
    assert terminal.finish() == 0
    assert (b"\x1b[>q" in terminal.raw) == bool(answers)
    assert b"\x1b_G" not in terminal.raw
    assert b"\x1bP" not in terminal.raw
    assert terminal.restored
