"""No key of the inspector and of a dialog is without an answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from nnplay.tui.app import Playground
from nnplay.tui.dialogs.choose_many import ChooseMany
from nnplay.tui.dialogs.help import Help
from nnplay.tui.dialogs.log import Log
from nnplay.tui.dialogs.quit import AskQuit
from nnplay.tui.dialogs.reading import Reading
from nnplay.tui.inspector.asking import AskText
from nnplay.tui.inspector.keys import KEYS
from nnplay.tui.widgets.cells import Cells
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.playing import make
from tests.ui.visit import Visit, inspecting

LEAVE = {"ctrl+c", "escape", "i", "q"}
MEANINGLESS = ["u", "l", "ampersand", "f5", "enter"]
DIALOGS: dict[str, Callable[[], Screen[object]]] = {
    "quit": lambda: AskQuit("nothing is saved", "spiral.nnplay"),
    "reading": lambda: Reading("text", Content("a line")),
    "help": lambda: Help("data", {}),
    "log": lambda: Log(["a line"]),
    "choices": lambda: ChooseMany("some", "which", ["a", "b"], ["a"]),
}


def _seen(visit: Visit) -> tuple[object, ...]:
    """All that a key could change in the inspector."""
    rows = [cells.plain_text for cells in visit.screen.query(Cells)]
    return len(visit.pilot.app.screen_stack), rows, [cells._rows for cells in visit.screen.query(Cells)]


@pytest.mark.parametrize("row", [2, *(pytest.param(row, marks=pytest.mark.slow) for row in (0, 7, -1))])
@pytest.mark.slow
async def test_every_key_of_the_inspector_has_an_answer(row: int) -> None:
    """From the data to the update: a key changes something, or a message says why it does not."""
    keys = [key.keys.split(",")[0] for key in KEYS if key.keys.split(",")[0] not in LEAVE]
    silent = []
    async with inspecting() as visit:
        for key in [*keys, *MEANINGLESS]:
            visit.screen._walk.go_to(15)
            await visit.settle()
            visit.screen._looking.look_at_row(row % len(visit.view.rows))
            await visit.settle()
            visit.screen.say("")
            await visit.pilot.pause()
            before = _seen(visit)
            await visit.press(key)
            if _seen(visit) == before:
                silent.append(key)
            while len(visit.pilot.app.screen_stack) > 2:
                await visit.pilot.press("escape")
                await visit.pilot.pause()
            if key == "x":  # or it would ask about every row that follows
                await visit.press(key)
    assert silent == []


async def test_a_key_without_a_meaning_in_the_inspector_is_told() -> None:
    """The message line says which key it was."""
    async with inspecting() as visit:
        await visit.press("u")
        assert visit.text(MessageLine).strip() == "u does nothing in the inspector; ? shows the keys"


async def test_a_key_without_a_meaning_in_a_dialog_is_told() -> None:
    """It stands before the keys that do something, until one of them is pressed."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        for name, dialog in DIALOGS.items():
            app.push_screen(dialog())
            await pilot.pause()
            usual = _keys(app)
            await pilot.press("f5")
            await pilot.pause()
            assert _keys(app) == f"f5 does nothing here · {usual}", name
            await pilot.press("down")
            await pilot.pause()
            assert _keys(app) == usual, name
            app.pop_screen()
            await pilot.pause()


async def test_letters_typed_into_a_line_are_no_idle_keys() -> None:
    """They are what the line is there for."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(AskText("edit", "another value", "", str))
        await pilot.pause()
        usual = _keys(app)
        await pilot.press("u", "5")
        await pilot.pause()
        assert app.screen.query_one(Input).value == "u5"
        assert _keys(app) == usual


def _keys(app: Playground) -> str:
    return str(app.screen.query_one(".keys", Static).content)
