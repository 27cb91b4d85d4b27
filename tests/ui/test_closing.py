"""Dialogs close once: keys that come faster than a dialog goes away must not close what lies under it."""

from __future__ import annotations

import pytest
from textual.screen import Screen

from nnplay.tui.app import Playground
from nnplay.tui.closing import ClosesOnce, Palette
from nnplay.tui.look import Look
from tests.ui.fakes import FakeBackend, trained


@pytest.mark.parametrize("opener", ["colon", "ctrl+p", "question_mark", "p", "o", "L", "slash"])
async def test_a_second_answer_closes_nothing_else(opener: str) -> None:
    """A dialog that is dismissed three times in one go leaves the main screen standing, and the app running."""
    app = Playground(FakeBackend(trained()), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(opener)
        await pilot.pause()
        dialog: Screen[object] = app.screen
        assert isinstance(dialog, ClosesOnce | Palette)
        for _ in range(3):
            dialog.dismiss(None)
        await pilot.pause()
        assert app.screen is app._main
        await pilot.press("space")
        assert app.is_running


async def test_a_dialog_under_another_waits() -> None:
    """An answer that reaches a dialog when another one lies over it changes nothing."""
    app = Playground(FakeBackend(trained()), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon")
        await pilot.pause()
        under: Screen[object] = app.screen
        app.action_command_palette()
        await pilot.pause()
        over = app.screen
        under.dismiss(None)
        await pilot.pause()
        assert app.screen is over
        assert under in app.screen_stack


@pytest.mark.parametrize("opener", ["p", "ctrl+p"])
@pytest.mark.parametrize("size", [(20, 5), (1, 1), (80, 24)])
async def test_page_keys_in_a_list_without_room(opener: str, size: tuple[int, int]) -> None:
    """Page keys and home and end in a list that has no line to show are ignored."""
    app = Playground(FakeBackend(trained()), Look())
    async with app.run_test(size=size) as pilot:
        await pilot.press(opener)
        for key in ("pagedown", "pageup", "end", "home", "pagedown"):
            await pilot.press(key)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app._main
