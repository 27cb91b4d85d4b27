"""Claims about the grid of cells that repaints only what changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region

from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Cells, Row, changed_span, fit, joined, row_width

pytestmark = pytest.mark.painted

A, B = Style(bold=True), Style(italic=True)
RUNS = st.lists(st.tuples(st.text("abc ", max_size=4), st.sampled_from([A, B])), max_size=6).map(joined)


def _cells(row: Row, width: int) -> list[tuple[str, Style | None]]:
    cells: list[tuple[str, Style | None]] = [(character, style) for text, style in row for character in text]
    return (cells + [(" ", None)] * width)[:width]


@given(RUNS, RUNS)
def test_changed_span_covers_every_difference(old: Row, new: Row) -> None:
    """No cell outside the span differs between the two rows."""
    width = 30
    start, end = changed_span(old, new, width)
    before, after = _cells(old, width), _cells(new, width)
    assert before[:start] == after[:start]
    assert before[end:] == after[end:]


class Grid(Cells):
    """Draws rows given by the test and records what is refreshed."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Row] = []
        self.asked: list[tuple[Region, ...]] = []

    def draw(self, width: int, height: int) -> list[Row]:
        return self.given

    def refresh(self, *regions: Region, **more: bool) -> "Grid":  # type: ignore[override]
        if regions:
            self.asked.append(regions)
        return super().refresh(*regions, **more)


class GridApp(App[None]):
    """One grid."""

    look = Look()

    def compose(self) -> ComposeResult:
        yield Grid()


async def test_only_changed_rows_are_refreshed_with_one_span_each() -> None:
    """Two of five rows change: exactly two regions, one row high each; equal rows: none."""
    app = GridApp()
    async with app.run_test(size=(20, 5)):
        grid = app.query_one(Grid)
        grid.given = [((f"row {y}", A),) for y in range(5)]
        grid.redraw()
        grid.asked.clear()
        assert grid.redraw() == 0
        assert grid.asked == []
        grid.given = [*grid.given[:1], (("row X", A),), *grid.given[2:4], (("last", B),)]
        assert grid.redraw() == 2
        (regions,) = grid.asked
        assert [(region.y, region.height) for region in regions] == [(1, 1), (4, 1)]
        assert grid.plain_text.splitlines()[1] == "row X"


async def test_resize_redraws_at_the_new_size() -> None:
    """After a resize every row has the new width."""
    app = GridApp()
    async with app.run_test(size=(20, 5)) as pilot:
        grid = app.query_one(Grid)
        grid.given = [(("x" * 50, A),)] * 9
        await pilot.resize_terminal(33, 8)
        await pilot.pause()
        assert {grid.render_line(y).cell_length for y in range(8)} == {33}


async def test_what_changed_while_it_was_hidden_is_there_when_it_is_shown_again() -> None:
    """At the size of before, too: what it showed then is of then."""
    app = GridApp()
    async with app.run_test(size=(20, 5)) as pilot:
        grid = app.query_one(Grid)
        grid.given = [(("before", A),)]
        grid.redraw()
        grid.display = False
        await pilot.pause()
        grid.given = [(("now", A),)]
        grid.display = True
        grid.redraw()
        await pilot.pause()
        assert grid.plain_text.split() == ["now"]


def test_fit_and_joined() -> None:
    """`fit` gives exactly the width, also for wide characters; `joined` merges equal neighbours."""
    assert fit("abcdef", 4) == "abc…"
    assert row_width(((fit("日本語日本語", 5), A),)) == 5
    assert joined([("a", A), ("b", A), ("", B), ("c", B)]) == (("ab", A), ("c", B))
