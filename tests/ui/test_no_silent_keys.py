"""No key is without an answer: something changes on the screen, or a message says why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from nnplay.health.finding import Finding
from nnplay.tui.app import Playground
from nnplay.tui.commands.actions import ACTIONS
from nnplay.tui.panes.base import Pane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Cells
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import asked, main, text_of

LEAVE = {"ctrl+c", "ctrl+z", "q", "escape"}
"""What ends the program or gives the terminal away; escape has a test of its own."""
MEANINGLESS = ["u", "ampersand", "f5"]
VIEWS = {
    "data": ("form", "1"),
    "training": ("form", "3"),
    "network": ("network", "2"),
    "unit": ("network", "2 right"),
    "input": ("network", "2 right left left"),
    "chain": ("network", "v 2"),
    "layers": ("layers", "2 2"),
    "tanh": ("layers", "2 2 j"),
    "adder": ("layers", "2 2 k"),
    "output": ("output", "4"),
    "curves": ("curves", "5"),
    "health": ("health", "6"),
    "fresh output": ("output", "4"),
    "fresh curves": ("curves", "5"),
    "fresh health": ("health", "6"),
    "everywhere": ("app", "4"),
    "fresh everywhere": ("app", "4"),
    "everywhere at one pane": ("app", "4 f"),
}
"""Whose keys are pressed, and what leads there."""
LONG = {
    "chain",
    "tanh",
    "training",
    "network",
    "curves",
    "fresh health",
    "fresh everywhere",
    "everywhere at one pane",
    "fresh output",
    "fresh curves",
    "adder",
    "input",
}
"""Those that take long and are like one of the others."""


def _state(app: Playground) -> tuple[object, ...]:
    """All that a user could see of an answer, what is in the clipboard, and what was asked of the run."""
    panes = [(pane.id, pane.display, pane.border_title, pane.border_subtitle) for pane in main(app).query(Pane)]
    rows = [cells._rows for cells in main(app).query(Cells) if cells.display]
    output = main(app).query_one(OutputPane)
    wanted = len(asked(app)), output.view, output.item, output.place
    return len(app.screen_stack), app.look, app.clipboard, wanted, main(app).focused, panes, rows


def _app(view: str) -> Playground:
    return Playground(FakeBackend(None if view.startswith("fresh") else train_run()), Look())  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("view", [pytest.param(view, marks=pytest.mark.slow if view in LONG else ()) for view in VIEWS])
async def test_every_key_of_every_view_has_an_answer(view: str) -> None:
    """Keys of the view, and such as mean nothing: each changes something, or is told why it does not."""
    where, reach = VIEWS[view]
    places = ("app", "screen") if where == "app" else (where,)
    keys = [key for action in ACTIONS if action.where in places for key in action.keys[:1] if key not in LEAVE]
    left, silent = [*keys, *MEANINGLESS], []
    while left:
        app = _app(view)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press(*reach.split())
            app.say("")
            before, goes_on = _state(app), True
            while left and goes_on:
                await pilot.press(left[0])
                await pilot.pause()
                if _state(app) == before:
                    silent.append(left[0])
                del left[0]
                goes_on = await _undone(app, before, pilot)
    assert not silent


async def _undone(app: Playground, before: tuple[object, ...], pilot: Pilot[int]) -> bool:
    """Whether the app is again as it was once message and dialog of a key are gone: a new one takes longer to start."""
    if len(app.screen_stack) > before[0]:  # type: ignore[operator]
        await pilot.press("escape")
        await pilot.pause()
    app.say("")
    return _state(app) == before


@pytest.mark.parametrize(
    ("view", "keys", "why"),
    [
        ("chain", "v 2 w", "the chain does not show single weights"),
        ("chain", "v 2 enter", "this is not a block"),
        ("chain", "v 2 K", "the chain does not show single weights"),
        ("tanh", "2 2 j right", "tanh has no number of units"),
        ("adder", "2 2 k d", "this line adds a layer"),
        ("first layer", "2 2 K", "this is the first layer"),
        ("last layer", "2 2 k k J", "this is the last layer"),
        ("input", "2 right left w", "an input has no weights"),
        ("health", "6 enter", "there is nothing to fix"),
        ("fresh health", "6 enter", "no findings yet"),
        ("fresh curves", "5 left", "there is no curve yet"),
        ("fresh data", "1 less_than_sign", "this is already the latest step"),
        ("data", "1 1", "you are already in this pane"),
        ("data", "1 u", "u does nothing in this pane; ? shows the keys"),
    ],
)
async def test_a_key_that_does_nothing_says_why(view: str, keys: str, why: str) -> None:
    """The reason stands in the message line."""
    app = _app(view)
    if view == "health":
        app._backend.snapshot = replace(train_run(), health=(Finding("good", "learning"),))  # type: ignore[misc]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*keys.split())
        await pilot.pause()
        assert why in text_of(app, "#message-line")
