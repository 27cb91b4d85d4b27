"""Pictures in true pixels on a real pseudo-terminal that gives canned answers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import pytest

from nnplay.tui.pixels.kitty import PLACEHOLDER
from nnplay.tui.theme.look import Look
from tests.picture_decoders import SIXELS, Pixels, read_images, read_placeholder, show_sixels
from tests.terminal.emulator import Terminal
from tests.ui.fake_backend import FakeBackend

Open = Callable[..., Terminal]


def _asked(terminal: Terminal, *answers: str) -> None:
    """Waits for the questions, and answers in pieces, with a key in between and nothing else within one."""
    answer = terminal.screen.answer
    terminal.screen.answer = lambda data: None if data == b"\x1b[?6c" else answer(data)  # the emulator's own features
    terminal.until(lambda: b"\x1b[>q\x1b[16t\x1b[c" in terminal.raw)
    for part in answers:
        os.write(terminal.master, part.encode())
        time.sleep(0.05)  # no reading, which answers where the cursor is


def _map_colours(rows: int, columns: int) -> Pixels:
    """The colours (rows, columns, 3) of the map's pixel in the corner of each cell, where no mark of an example is."""
    surface = FakeBackend().snapshot.surface
    assert surface is not None
    y, x = (
        ((size * np.arange(many) + 0.5) / (size * many) * 60).astype(int) for size, many in ((12, rows), (6, columns))
    )
    scale = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in Look().scale()])
    share = (surface.values[np.ix_(y, x)] - surface.low) / (surface.high - surface.low)
    return np.asarray(scale[np.clip((share * len(scale)).astype(int), 0, len(scale) - 1)], np.uint8)


def test_kitty_shows_the_map_and_forgets_it_at_the_end(open_terminal: Open) -> None:
    """The cells of the map show the rows and columns of one image, whose pixels have the map's colours.

    Keys between the terminal's answers count, and at the end the image is deleted.
    """
    terminal = open_terminal(size=(120, 40), COLORTERM="truecolor")
    _asked(terminal, "\x1bP>|kitty(0.", "35.2)\x1b\\", "\x1b[6;20;10t", "5", "\x1b[?62;c")

    def shown() -> dict[tuple[int, int], tuple[int, int, int]]:
        cells = {
            (y, x): read_placeholder(cell.data, cell.fg)
            for y, line in terminal.screen.buffer.items()
            for x, cell in line.items()
            if cell.data.startswith(PLACEHOLDER)
        }
        return {at: found for at, found in cells.items() if found is not None}

    terminal.until(lambda: bool(read_images(terminal.raw)) and bool(shown()))
    numbers = [number for number, _, _ in shown().values()]
    number = max(set(numbers), key=numbers.count)
    (rows, columns), pixels = read_images(terminal.raw)[number]
    assert pixels.shape == (12 * rows, 6 * columns, 3)
    own = {at: (row, column) for at, (of, row, column) in shown().items() if of == number}
    top, left = min(own)
    assert own == {(top + row, left + column): (row, column) for row in range(rows) for column in range(columns)}
    assert np.array_equal(pixels[::12, ::6], _map_colours(rows, columns))
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.raw.rfind(b"\x1b_Ga=d,d=I,i=%d," % number) > terminal.raw.rfind(b"a=T,U=1,f=100,i=%d," % number)
    assert terminal.restored


@pytest.mark.parametrize(
    ("answers", "cell"),
    [
        (("\x1bP>|foot(1.16.2)\x1b\\", "\x1b[6;20;10t", "\x1b[?62;4;22;28;29c"), (20, 10)),
        (("\x1bP>|XTerm(390)\x1b\\\x1b[6;13;6t", "\x1b[?64;1;2;4;6;9;15;16;17;18;21;22;28c"), (13, 6)),
    ],
    ids=["foot", "xterm"],
)
def test_sixels_show_the_map_at_its_place_and_again_after_a_dialog(
    open_terminal: Open, answers: tuple[str, ...], cell: tuple[int, int]
) -> None:
    """As many pixels as the terminal's cells have, in the map's colours; a dialog paints over them, and they return."""
    terminal = open_terminal(size=(120, 40), COLORTERM="truecolor")
    _asked(terminal, *answers)

    def largest(raw: bytes) -> tuple[tuple[int, int], Pixels] | None:
        found = [((int(row), int(column)), show_sixels(text.decode())) for row, column, text in SIXELS.findall(raw)]
        return max(found, key=lambda each: each[1].size, default=None)

    terminal.until(lambda: SIXELS.search(terminal.raw) is not None)
    found = largest(terminal.raw)
    assert found is not None
    (row, column), pixels = found
    (rows, down), (columns, right) = (divmod(size, each) for size, each in zip(pixels.shape, cell, strict=False))
    assert (down, right) == (0, 0)
    assert 1 < row < row + rows <= 40
    assert 1 < column < column + columns <= 121
    seen = pixels[:: cell[0], :: cell[1]].astype(int)
    assert np.abs(seen - _map_colours(rows, columns)).max() <= 2  # sixels have colours in percent
    terminal.press("L")
    terminal.shows("esc")
    before = len(terminal.raw)
    terminal.press("\x1b")
    terminal.until(lambda: SIXELS.search(terminal.raw[before:]) is not None)
    again = largest(terminal.raw[before:])
    assert again is not None
    assert again[0] == (row, column)
    assert np.array_equal(again[1], pixels)
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.restored


@pytest.mark.parametrize(
    ("environ", "answers"),
    [
        ({"COLORTERM": "truecolor"}, ("\x1bP>|xterm(390)\x1b\\", "\x1b[?64;1;2;6c")),
        ({"COLORTERM": "truecolor", "TMUX": "/tmp/tmux,1,0"}, ()),
        *(
            pytest.param({"COLORTERM": "truecolor", **other}, (), marks=pytest.mark.slow)
            for other in ({"SSH_CONNECTION": "a b"}, {"NNPLAY_PICTURES": "cells"}, {"COLORTERM": ""})
        ),
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
