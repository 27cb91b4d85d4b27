"""Claims about the chain of layers: each line has a picture, and leads to the view that shows the layer large."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnplay.tui.app import Playground
from nnplay.tui.draw.chain import chain
from nnplay.tui.draw.layer_picture import draw_layer_picture
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import row_width
from nnplay.tui.widgets.network_view import NetworkView
from nnplay.views.layer_pictures import Kind, LayerPicture
from nnplay.views.view import Shown
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import main, text_of

RNG = np.random.default_rng(0)
NOTHING = np.empty(0, np.float32)
SHAPES: dict[Kind, tuple[int, ...]] = {"maps": (12, 16, 16), "steps": (16, 40), "looks": (4, 10, 10), "units": (300,)}


def numbers(*shape: int) -> np.ndarray:
    """Random numbers of both signs."""
    return RNG.normal(size=shape).astype(np.float32)


def of_kind(kind: Kind, view: str = "", place: str = "") -> LayerPicture:
    """A picture of a kind."""
    return LayerPicture(kind, numbers(*SHAPES[kind]), numbers(30) if kind == "maps" else NOTHING, view, place)


LAYERS = {
    (0,): of_kind("maps", "feature maps", "0 linear 8"),
    (1,): of_kind("maps", "feature maps", "1 tanh"),
    (2,): of_kind("units"),
    (3,): of_kind("units"),
    (4,): LayerPicture("units", numbers(2), NOTHING),
}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize(
    "look", [Look(), Look(colours="16"), Look(colours="none"), Look(ascii=True)], ids=["full", "16", "none", "ascii"]
)
def test_pictures_keep_within_their_room(kind: Kind, look: Look) -> None:
    """In any room, also with numbers that are none; a look of plain characters gets such."""
    shown = of_kind(kind)
    shown.values.flat[0] = np.nan
    for width, rows in ((1, 1), (5, 2), (22, 1), (22, 4), (70, 8)):
        drawn = draw_layer_picture(shown, width, rows, look)
        assert 1 <= len(drawn) <= rows
        assert all(row_width(row) <= width for row in drawn)
        assert not look.ascii or all(text.isascii() for row in drawn for text, _ in row)


def test_a_picture_tells_signs_and_where_numbers_are_large() -> None:
    """Without colours the glyphs of the largest numbers differ from those of small ones and of other signs."""
    values = np.array([[[5, 0], [0, -5]]], np.float32).repeat(2, axis=1)
    rows = draw_layer_picture(LayerPicture("maps", values, NOTHING), 4, 2, Look(colours="none"))
    upper, lower = ("".join(text for text, _ in row) for row in rows)
    assert len({upper[0], upper[1], lower[1]}) == 3
    assert upper[1] == lower[0]


def test_spare_rows_go_to_layers_that_learn_first() -> None:
    """A line has one row where room is short; with more of it those with parameters grow, then the others."""
    ledger = FakeBackend().ledger(("linear 8", "tanh", "linear 8", "tanh", "linear 2"))
    for height, expected in ((7, [1, 1, 1, 1, 1]), (9, [2, 1, 2, 1, 1]), (10, [3, 1, 2, 1, 1]), (30, [8, 8, 2, 2, 1])):
        drawn = chain(ledger, 45, height, Look(), pictures=LAYERS)  # type: ignore[arg-type]
        assert [drawn.owners.count(line) for line in range(5)] == expected
        assert len(drawn.rows) == len(drawn.owners) <= height
        assert all(row_width(row) <= 45 for row in drawn.rows)


def make_pictured() -> Playground:
    """A playground whose network is shown as a chain with pictures."""
    shown = Shown("feature maps", ("map", "feature maps"), 0, 9, "example", "", 0, ("0 linear 8", "1 tanh"), "layer")
    snapshot = replace(train_run(9, running=False), weights={}, neurons={}, surface=None, layers=LAYERS, shown=shown)
    return Playground(FakeBackend(snapshot), Look())  # type: ignore[arg-type]


async def test_enter_opens_the_view_of_a_layer_and_walking_on_takes_it_along() -> None:
    """The pictures are asked for while the chain is shown; after enter the output pane follows the cursor."""
    app = make_pictured()
    async with app.run_test(size=(120, 40)) as pilot:
        backend, output = app._backend, main(app).query_one(OutputPane)
        assert isinstance(backend, FakeBackend)
        await pilot.press("2", "down")
        await pilot.pause()
        app.refresher.request_visible()
        assert backend.looked["layers"] > 0
        assert "enter: feature maps" in text_of(app, "#network")
        assert output.view == ""
        await pilot.press("enter")
        await pilot.pause()
        assert (backend.looked["view"], backend.looked["place"]) == ("feature maps", "1 tanh")
        assert main(app).current == "network"
        await pilot.press("up")
        await pilot.pause()
        assert backend.looked["place"] == "0 linear 8"
        output.action_place(1)
        await pilot.press("down", "up")
        await pilot.pause()
        assert output.place == 1
        await pilot.press("2", "2", "4")
        assert main(app).query_one(NetworkView).row == 0


async def test_a_layer_without_a_view_says_so() -> None:
    """Enter on it opens nothing."""
    app = make_pictured()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "down", "down", "enter")
        await pilot.pause()
        assert "this is not a block" in text_of(app, "#message-line")


async def test_the_output_pane_comes_up_where_it_was_not_on_the_screen() -> None:
    """At 80×24 the panes are pages: enter in the network leads to the view."""
    app = make_pictured()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "enter")
        await pilot.pause()
        assert main(app).current == "output"
        assert main(app).query_one(OutputPane).place == "0 linear 8"


async def test_clicks_walk_and_open() -> None:
    """A click on any row of a line puts the cursor there, a second one opens its view."""
    app = make_pictured()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        network = main(app).query_one(NetworkView)
        line = network._chain.owners.index(1) + 1
        await pilot.click(network, offset=(30, line))
        await pilot.pause()
        assert network.row == 1
        assert main(app).query_one(OutputPane).view == ""
        await pilot.click(network, offset=(30, line), times=2)
        await pilot.pause()
        assert main(app).query_one(OutputPane).place == "1 tanh"
