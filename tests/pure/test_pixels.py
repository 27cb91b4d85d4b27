"""Pictures in true pixels: what a terminal says of itself, and what is sent to it, read back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.style import Style

from nnplay.tui.draw.blocks import paint
from nnplay.tui.export.png import draw_png
from nnplay.tui.pixels import kitty
from nnplay.tui.pixels.pixel_screen import ACROSS, DOWN, PixelScreen
from nnplay.tui.pixels.sixel import encode_sixels
from nnplay.tui.terminal.picture_answers import AnswerFilter, Answers
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import DARK
from nnplay.tui.widgets.cells import row_width
from tests.picture_decoders import read_png, read_sixels

COLOURS = ("#000000", "#ff0000", "#00ff00", "#ffffff")


@pytest.mark.parametrize("shape", [(1, 1), (6, 9), (13, 40), (20, 3)])
def test_sixels_are_read_back(shape: tuple[int, int]) -> None:
    """Every pixel has its colour, in bands that are whole or not."""
    levels = np.random.default_rng(1).integers(0, 2, shape) * 3
    used = np.unique(levels).tolist()
    assert np.array_equal(read_sixels(encode_sixels(levels, COLOURS))[0], np.searchsorted(used, levels))


def test_png_with_a_palette_is_read_back() -> None:
    """Pixel by pixel, by the tests' own reader and by Pillow."""
    levels = np.random.default_rng(2).integers(0, 4, (7, 5))
    wanted = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in COLOURS])
    sent = kitty.encode_png(levels, COLOURS)
    assert np.array_equal(read_png(sent), wanted[levels])
    image = pytest.importorskip("PIL.Image")
    assert np.array_equal(np.asarray(image.open(io.BytesIO(sent)).convert("RGB")), wanted[levels])


def test_answers_are_taken_out_from_among_keys() -> None:
    """However they are cut into pieces; what a key sends passes, and so does everything once the last one came."""
    said = "a\x1bP>|kitty(0.35)\x1b\\\x1b[A\x1b[6;20;10tb\x1b[?62;4cc"
    for size in (1, 2, 3, 7, 100):
        got: list[Answers] = []
        answers = AnswerFilter()
        answers.expect(got.append)
        pieces = [said[at : at + size] for at in range(0, len(said), size)]
        assert "".join(answers.pass_on(piece) for piece in pieces) == "a\x1b[Abc"
        assert got == [Answers("kitty(0.35)", (10, 20), sixel=True)]
        assert answers.pass_on("\x1b[?62c\x1b") == "\x1b[?62c\x1b"
    assert Answers("WezTerm 2024", (8, 16), sixel=True).protocol == "sixel"
    assert Answers("ghostty 1.2").protocol == "kitty"
    assert Answers("foot", (0, 0), sixel=True).protocol == ""


def test_late_answers_are_no_keys() -> None:
    """Over a slow line they come when nobody expects them any more; an escape and letters with alt are keys at once."""
    got: list[Answers] = []
    answers = AnswerFilter()
    answers.expect(got.append)
    answers.note_late()
    typed = ["\x1b", "\x1bP", "a\x1b[", "\x1b[6~"]
    assert [answers.pass_on(keys) for keys in typed] == typed
    pieces = ["\x1bP>|kitty(0.", "35.2)\x1b\\b", "\x1b[6;20", ";10t", "\x1b[?6", "2;4c"]
    assert "".join(answers.pass_on(piece) for piece in pieces) == "b"
    assert got == [Answers("kitty(0.35.2)", (10, 20), sixel=True)]


def test_half_an_answer_that_never_ends_keeps_no_key_for_long() -> None:
    """Once the answers are late, what was held back comes with the next key."""
    answers = AnswerFilter()
    answers.expect(lambda found: None)
    answers.note_late()
    assert [answers.pass_on(text) for text in ("\x1bP>|kit", "q", "q")] == ["", "\x1bP>|kitq", "q"]


def test_a_picture_is_sent_once_and_again_when_it_changes() -> None:
    """Its cells stay the same; one that a drawing no longer has is deleted, and at the end all are."""
    pixels, owner = PixelScreen("kitty"), type("Owner", (), {})()
    look = Look(pixels=pixels)
    levels = np.zeros((3 * DOWN, 4 * ACROSS), np.int64)

    def draw(*pictures: NDArray[np.int64]) -> list[list[tuple[tuple[str, Style], ...]]]:
        with pixels.drawing(owner):
            return [paint(each, COLOURS, look) for each in pictures]

    first = draw(levels, levels + 1)
    assert [row_width(row) for row in first[0]] == [4, 4, 4]
    assert first[0][0][0][0] == kitty.placeholders(0, 4)
    sent = pixels.take_output(lambda *_: (0, 0))
    assert sent.count("a=T") == 2
    assert draw(levels, levels + 1) == first
    assert pixels.take_output(lambda *_: (0, 0)) == ""
    assert draw(levels + 2) == first[:1]
    sent = pixels.take_output(lambda *_: (0, 0))
    assert (sent.count("a=T"), sent.count("a=d")) == (1, 1)
    assert pixels.erase().count("a=d") == 1


def test_sixels_that_are_painted_over_are_sent_again_where_they_are() -> None:
    """Scaled to the terminal's cells; others stay."""
    pixels, owner = PixelScreen("sixel", (5, 10)), type("Owner", (), {})()
    with pixels.drawing(owner):
        paint(np.ones((2 * DOWN, 3 * ACROSS), np.int64), COLOURS, Look(pixels=pixels))
    sent = pixels.take_output(lambda *_: (4, 7))
    assert sent.startswith('\x1b7\x1b[5;8H\x1bP0;1q"1;1;15;20')
    pixels.note_written(lambda at, size: (at, size) != ((4, 7), (2, 3)))
    assert pixels.take_output(lambda *_: (4, 7)) == ""
    pixels.note_written(lambda at, size: True)
    assert pixels.take_output(lambda *_: None) == ""
    assert pixels.take_output(lambda *_: (4, 7)) == sent


def test_small_pictures_and_those_outside_of_widgets_stay_in_cells() -> None:
    """As half blocks of the same look."""
    pixels = PixelScreen("kitty")
    levels = np.repeat(np.repeat(np.array([[0, 1], [2, 3]]), DOWN // 2, axis=0), ACROSS, axis=1)
    (row,) = paint(levels, COLOURS, Look(pixels=pixels))
    assert [text for text, _ in row] == ["▀", "▀"]
    assert [style.color.name for _, style in row if style.color] == [COLOURS[0], COLOURS[1]]


def test_cells_are_drawn_as_png() -> None:
    """Blocks of every kind have their pixels, letters have some ink."""
    image = pytest.importorskip("PIL.Image")
    style = Style(color="#ff0000", bgcolor="#0000ff")
    rows = [(("▀▌", style), ("\U0001fb01", style), ("⠁", style), ("A", style), ("█", style))]
    read = np.asarray(image.open(io.BytesIO(draw_png(rows, 7, DARK))).convert("RGB"))[..., 0] > 128
    assert read.shape == (24, 7 * 12)
    cells = [read[:, 12 * k : 12 * k + 12] for k in range(7)]
    assert cells[0][:12].all()
    assert not cells[0][12:].any()
    assert cells[1][:, :6].all()
    assert not cells[1][:, 6:].any()
    assert cells[2][:8, 6:].all()
    assert cells[2].sum() == 48
    assert 0 < cells[3].sum() <= 16
    assert cells[3][:6, :6].sum() == cells[3].sum()
    assert 10 < cells[4].sum() < 150
    assert cells[5].all()
    assert not cells[6].any()
