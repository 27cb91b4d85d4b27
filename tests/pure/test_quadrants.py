"""Four or six pixels a cell in two colours: exact where two are enough, else with the least error."""

from __future__ import annotations

import unicodedata
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.tui.draw.blocks import paint, resample
from nnplay.tui.draw.two_colours import QUADRANTS, SEXTANTS, two_colours, two_levels
from nnplay.tui.theme.look import Look, detect
from nnplay.tui.widgets.cells import row_width

FINE = Look(cells="quadrant")
COLOURS = ("#000000", "#404040", "#808080", "#ff0000", "#ffffff")


def _pixels(shapes: NDArray[np.int64], ink: NDArray[np.int64], ground: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is seen, (2·rows, 2·columns)."""
    seen = np.zeros((2 * shapes.shape[0], 2 * shapes.shape[1]), np.int64)
    for bit, (y, x) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        seen[y::2, x::2] = np.where(shapes & 1 << bit, ink, ground)
    return seen


def test_cells_of_two_colours_are_drawn_exactly() -> None:
    """All 16 shapes of all pairs of levels."""
    distances = (np.arange(5)[:, None] - np.arange(5)) ** 2
    cells = [
        np.where(np.array([[shape & 1, shape & 2], [shape & 4, shape & 8]]), a, b)
        for a, b in combinations(range(5), 2)
        for shape in range(16)
    ]
    levels = np.hstack(cells)
    assert np.array_equal(_pixels(*two_levels(levels, distances)), levels)


def test_of_more_colours_the_two_with_the_least_error_are_taken() -> None:
    """Compared with every pair of the cell's levels, tried one by one."""
    levels = np.random.default_rng(3).integers(0, 9, (8, 12))
    distances = (np.arange(9)[:, None] - np.arange(9)) ** 2
    seen = _pixels(*two_levels(levels, distances))
    for y in range(0, 8, 2):
        for x in range(0, 12, 2):
            four = levels[y : y + 2, x : x + 2].ravel()
            least = min(sum(min(distances[k, a], distances[k, b]) for k in four) for a, b in combinations(four, 2))
            assert int(distances[four, seen[y : y + 2, x : x + 2].ravel()].sum()) == least


def test_distances_are_those_of_the_colours() -> None:
    """Of dark, a little less dark and white, white keeps its place though its level is far away in either case."""
    (row,) = two_colours(np.array([[0, 1], [1, 4]]), COLOURS, FINE)
    assert [text for text, _ in row] == ["▗"]
    assert row[0][1].color is not None
    assert row[0][1].color.name == "#ffffff"


def test_a_glyph_has_its_ink_where_its_number_says() -> None:
    """Upper left, upper right, lower left and lower right count 1, 2, 4 and 8; a cell of one level is a space."""
    assert (QUADRANTS[1], QUADRANTS[2], QUADRANTS[4], QUADRANTS[8]) == ("▘", "▝", "▖", "▗")
    assert (QUADRANTS[3], QUADRANTS[5], QUADRANTS[6], QUADRANTS[15]) == ("▀", "▌", "▞", "█")
    assert len(set(QUADRANTS)) == 16
    assert [text for text, _ in two_colours(np.full((2, 8), 3), COLOURS, FINE)[0]] == ["    "]


def test_a_mark_stands_on_the_ground_of_its_cell() -> None:
    """Other cells are as they were; all rows are as wide as before."""
    rows = two_colours(np.array([[0, 0, 1, 1], [0, 0, 1, 1]]), COLOURS, FINE, {(0, 1): ("●", "#ff0000")})
    assert [text for text, _ in rows[0]] == [" ", "●"]
    assert row_width(rows[0]) == 2


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(cells="quadrant", ascii=True),
        Look(cells="quadrant", colours="256"),
        Look(cells="quadrant", encoding="cp437"),
    ],
)
def test_other_looks_have_half_blocks(look: Look) -> None:
    """Where they are asked for, and where quadrants could not be seen."""
    assert look.across == 1
    assert [text for text, _ in paint(np.array([[0, 0], [4, 4]]), COLOURS, look)[0]] == ["▀▀"]


def test_the_environment_and_the_option_choose() -> None:
    """The option comes first; anything else is refused with what there is."""
    assert detect({"NNPLAY_CELLS": "quadrant", "COLORTERM": "truecolor"}).across == 2
    assert detect({"NNPLAY_CELLS": "quadrant"}, cells="half").cells == "half"
    with pytest.raises(InputError, match="NNPLAY_CELLS: unknown kind of cells 'octant'"):
        detect({"NNPLAY_CELLS": "octant"})


def test_no_stroke_is_lost_where_a_picture_is_made_smaller_one_way_and_larger_the_other() -> None:
    """Each line of 28 counts in 18 lines, also where there are more columns than before."""
    for line in range(28):
        image = np.zeros((28, 28))
        image[line] = 1.0
        assert resample(image, 18, 36).max() > 0.3


def test_six_pixels_are_drawn_exactly_where_two_colours_are_enough() -> None:
    """All 64 shapes; each has a sign of its own, and those that are halves have the older ones."""
    bits = 1 << np.arange(6).reshape(3, 2)
    levels = np.hstack([np.where(shape & bits, 3, 1) for shape in range(64)])
    distances = (np.arange(5)[:, None] - np.arange(5)) ** 2
    shapes, ink, ground = two_levels(levels, distances, 3)
    seen = np.hstack([np.where(shapes[0, k] & bits, ink[0, k], ground[0, k]) for k in range(64)])
    assert np.array_equal(seen, levels)
    assert len(set(SEXTANTS)) == 64
    assert [unicodedata.name(SEXTANTS[k]) for k in (1, 20, 22, 43, 62)] == [
        "BLOCK SEXTANT-1", "BLOCK SEXTANT-35", "BLOCK SEXTANT-235", "BLOCK SEXTANT-1246", "BLOCK SEXTANT-23456",
    ]  # fmt: skip
    look = Look(cells="sextant")
    assert (look.down, look.across) == (3, 2)
    (row,) = paint(np.array([[0, 4], [4, 0], [0, 4]]), COLOURS, look)
    assert [text for text, _ in row] == [SEXTANTS[0b100110]]
