"""Claims about the frame that stands on the screen while the playground is imported."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem

from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.arrange import PANES
from nnplay.tui.terminal import first_frame
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import DARK, LIGHT
from tests.ui.playing import make

SIZES = [(120, 40), (110, 32), (200, 60), (137, 45), (80, 24), (101, 31), (72, 20), (60, 20), (30, 8)]


def assert_nothing_moves(app: Playground, size: tuple[int, int]) -> None:
    """The first frame of a size has the borders of the panes that are shown."""
    panes = {name: app._main.pane(name) for name in PANES}
    shown = {name: pane.region for name, pane in panes.items() if pane.display}
    drawn = first_frame.boxes(*size)
    assert drawn == {name: (at.x, at.y, at.width, at.height) for name, at in shown.items()}, size


@pytest.mark.parametrize(
    "size", [pytest.param(size, marks=pytest.mark.slow if size != SIZES[0] else ()) for size in SIZES]
)
async def test_the_borders_stand_where_the_panes_come(size: tuple[int, int]) -> None:
    """At the first start no border and no title moves when the playground takes the screen over."""
    backend = PlaygroundBackend()
    try:
        app = Playground(backend, Look())
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            assert_nothing_moves(app, size)
    finally:
        backend.stop()


async def test_the_borders_of_each_size_are_those_of_its_panes() -> None:
    """The same for a terminal that takes other sizes afterwards, by which panes are laid out alike."""
    app = make()
    async with app.run_test(size=SIZES[0]) as pilot:
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert_nothing_moves(app, size)


@pytest.mark.parametrize("size", [*SIZES, (1, 1), (3, 2), (500, 200)])
@pytest.mark.parametrize("plain", [False, True])
def test_every_size_is_filled_and_no_more(size: tuple[int, int], plain: bool) -> None:
    """The frame has exactly the screen's rows and columns, and with `--ascii` nothing but ASCII."""
    rows = first_frame.draw(*size, ascii_only=plain).text()
    assert [len(row) for row in rows] == [size[0]] * size[1]
    assert not plain or "".join(rows).isascii()


def test_it_names_panes_and_says_what_goes_on() -> None:
    """Every pane's key and title is there, and a line that says that it is getting ready."""
    text = "\n".join(first_frame.draw(120, 40).text())
    for title in ("1 Data", "2 Network", "3 Training", "4 Output", "5 Curves", "6 Health", "Layers", "getting ready …"):
        assert title in text


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda palette: str(palette.name))
def test_colours_of_256_are_those_of_the_playground(palette: object) -> None:
    """A palette's colour becomes the same of the 256 colours as in what Textual draws later."""
    for name in ("background", "raised", "text", "dim", "faint", "accent"):
        colour = getattr(palette, name)
        wanted = Color.parse(Look(colours="256").shade(colour)).downgrade(ColorSystem.EIGHT_BIT).number
        assert first_frame.nearest_of_256(colour) == wanted, name


def test_no_colours_are_sent_where_none_are_wanted() -> None:
    """Under NO_COLOR the frame's bytes set no colour."""
    painted = first_frame.draw(80, 24).paint("none", DARK)
    assert "38;" not in painted
    assert "48;" not in painted
