"""Every view where a terminal has only ASCII, no colours, or few: walked key by key, and nothing fails to be drawn."""

from __future__ import annotations

from typing import Any

import pytest
from textual.containers import Vertical

from nnplay.tui.app import Playground
from nnplay.tui.commands.actions import ACTIONS
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.theme.look import Look
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import main
from tests.ui.visit import RUN, inspecting

LEAVES = {"quit", "interrupt", "suspend"}
LSTM: dict[str, Any] = {"data": {"name": "adding", "samples": 200, "length": 9}, "layers": ["lstm 3", "linear 1"]}
CONV: dict[str, Any] = {"data": {"name": "digits"}, "layers": ["conv2d 8 k3 p1", "relu", "flatten", "linear 10"]}
WALKS = [
    pytest.param(
        Look(ascii=True), RUN, id="dense, ascii", marks=pytest.mark.slow
    ),  # see `tests/ui/test_plain_signs.py`
    pytest.param(Look(ascii=True), CONV, id="conv, ascii"),
    pytest.param(Look(ascii=True), LSTM, id="lstm, ascii", marks=pytest.mark.slow),
    pytest.param(Look(colours="16"), RUN, id="dense, few colours"),
]


PANES = {"layers": "22", "curves": "5", "network": "2", "output": "4", "health": "6", "form": "1", "app": "4"}
"""Where the keys of a kind of widget are."""


@pytest.mark.slow
async def test_every_key_where_it_belongs() -> None:
    """Each key of the list in its pane, with ASCII alone; dialogs are drawn and left."""
    app = Playground(FakeBackend(train_run()), Look(ascii=True))
    async with app.run_test(size=(120, 40)) as pilot:
        for action in ACTIONS:
            if action.keys and action.id not in LEAVES:
                await pilot.press(*PANES.get(action.where, "4"), action.keys[0])
                if not isinstance(app.screen, MainScreen):
                    await pilot.press("escape")
        assert app.screen is main(app)


@pytest.mark.parametrize(("look", "run"), WALKS)
async def test_every_row_of_the_inspector_in_every_form(look: Look, run: dict[str, Any]) -> None:
    """Colours, numbers and histogram, before, after and change; one row of the batch and all, alone, and the code."""
    async with inspecting(look=look, run=run) as visit:
        for number in range(len(visit.view.rows)):
            await visit.press("j", "d" if number % 3 == 2 else "t")
        await visit.press("a", "f", "t", "t", "c", "c", "f", "a")


@pytest.mark.parametrize("look", [Look(), Look(ascii=True)], ids=["blocks", "ascii"])
async def test_a_histogram_is_drawn_with_the_signs_that_there_are(look: Look) -> None:
    """The third form of an operand: bars of eighths, or of ASCII."""
    async with inspecting(look=look) as visit:
        await visit.press("j", "t", "t")
        text = visit.text(DetailView)
        assert ("#" in text) == look.ascii
        assert ("█" in text) != look.ascii


@pytest.mark.parametrize("key", ["?", "p", ":"])
async def test_the_frame_of_a_dialog_is_drawn_with_the_signs_that_there_are(key: str) -> None:
    """With ASCII alone no dialog has round corners; the command line has a line above it only."""
    app = Playground(FakeBackend(train_run()), Look(ascii=True))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(key)
        assert isinstance(app.screen, Dialog)
        frame = app.screen.query(Vertical).first().styles
        sides = [kind for kind, _ in frame.border]
        assert sides == (["ascii", "", "", ""] if key == ":" else ["ascii"] * 4)
