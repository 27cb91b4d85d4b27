"""Claims about clouds of points: where a point is drawn, in whose colour, and that lines stay behind points."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.tui.draw.cloud import Points, draw_cloud
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import row_width

ASCII = Look(ascii=True, colours="none")


def text(points: Points, width: int, height: int) -> list[str]:
    """The cells as text."""
    return ["".join(part for part, _ in row) for row in draw_cloud(points, width, height, ASCII)]


def test_first_number_is_to_the_right_and_second_upwards() -> None:
    """Each group has its own sign where there are no colours."""
    places = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0]])
    assert text(Points(places, np.array([0, 1, 2])), 9, 5) == ["    *    ", " " * 9, "        x", " " * 9, "    +    "]


def test_a_circle_stays_round() -> None:
    """In a wide room the cloud is as wide as it is high, in the middle."""
    drawn = text(Points(np.array([[-1.0, 0.0], [1.0, 0.0]]), np.zeros(2, np.int64)), 41, 5)
    assert [column for column, sign in enumerate(drawn[2]) if sign == "*"] == [15, 25]


def test_a_cell_belongs_to_the_group_with_most_points() -> None:
    """However the points are ordered; those of no group count, too."""
    groups = np.array([0, 1, 1, 0, 1, -1])
    assert text(Points(np.zeros((6, 2)), groups), 3, 1) == [" x "]
    assert text(Points(np.zeros((6, 2)), groups[::-1]), 3, 1) == [" x "]


def test_lines_are_drawn_behind_points() -> None:
    """A line is joined from point to point; what lies outside is left out."""
    line = np.array([[[[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.0, 9.0]]] * 2] * 2)
    drawn = text(Points(np.zeros((1, 2)), np.zeros(1, np.int64), line), 9, 3)
    assert drawn == ["       . ", " ...*... ", " " * 9]


@pytest.mark.parametrize("look", [Look(), ASCII], ids=["full", "ascii"])
def test_every_row_has_the_width_that_was_asked_for(look: Look) -> None:
    """At any size, also where there are no points."""
    for width, height in ((1, 1), (7, 3), (30, 9)):
        rows = draw_cloud(Points(np.zeros((0, 2)), np.zeros(0, np.int64)), width, height, look)
        assert [row_width(row) for row in rows] == [width] * height
