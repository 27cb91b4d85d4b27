"""Ways into the data browser, through it and out of it: keys, mouse, commands, paths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from nnplay.config import RunConfig
from nnplay.data.catalogue import load_dataset
from nnplay.tui.app import Playground
from nnplay.tui.data_browser.browser_view import BrowserView
from nnplay.tui.data_browser.keys import KEYS
from nnplay.tui.data_browser.screen import DataBrowser
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.data_shelf import DataShelf
from nnplay.tui.picker.screen import Picker
from nnplay.tui.picker.tabs import ShelfTabs
from nnplay.tui.theme.look import Look
from tests.ui.browsing import browser, browsing, message, place, tab, text, write_shop
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import type_line
from tests.ui.waiting import until

LEAVE = {"ctrl+c", "escape"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_shop(tmp_path)


def state(pilot: Pilot[int]) -> tuple[object, ...]:
    """All that a key could change."""
    rows = list(browser(pilot).query_one(BrowserView)._rows)
    return rows, tab(pilot), message(pilot), len(pilot.app.screen_stack), pilot.app.clipboard


async def test_every_key_has_an_answer(table: Path) -> None:
    """Something changes, a dialog opens, or a message says why not; some only once the table is read again."""
    async with browsing(table) as pilot:
        for key in [key.keys.split(",")[0] for key in KEYS] + ["u", "f5"]:
            if key in LEAVE:
                continue
            browser(pilot).say("")
            await pilot.pause()
            before = state(pilot)
            await pilot.press(key)
            await until(pilot, lambda before=before: state(pilot) != before)
            while not isinstance(pilot.app.screen, DataBrowser):
                await pilot.press("escape")
                await pilot.pause()
            if key == "t":  # the table follows
                await until(pilot, lambda: place(pilot).profile.columns[place(pilot).column].role == "target")


async def test_the_mouse_chooses_a_cell_a_view_and_scrolls(table: Path) -> None:
    """What the keys do."""
    async with browsing(table) as pilot:
        start, _, column = place(pilot).column_spots[2]
        await pilot.click(BrowserView, offset=(start + 1, 9))
        assert (place(pilot).row, place(pilot).column) == (3, column)
        browser(pilot).query_one(BrowserView)._scroll(30)
        assert place(pilot).row == 33
        await pilot.click(ShelfTabs, offset=(10, 0))
        await until(pilot, lambda: tab(pilot) == "raw → numbers")


async def test_the_browser_is_opened_by_a_command_and_left_by_escape(table: Path) -> None:
    """`:data` without a name; the playground is as it was."""
    backend = FakeBackend(train_run())
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await type_line(pilot, "data")
        await until(pilot, lambda: isinstance(app.screen, DataBrowser))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app._main)


async def test_other_data_are_opened_by_a_path_that_is_completed(table: Path) -> None:
    """A folder is gone into, a file is read; the browser shows it."""
    async with browsing(load_dataset("iris")) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, Picker))
        pilot.app.screen.query_one(Input).value = str(table.parent)[:-1]
        await pilot.pause()
        options = pilot.app.screen.query_one(OptionList)
        assert options.option_count >= 1
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.screen.query_one(Input).value == f"{table.parent}/"
        pilot.app.screen.query_one(Input).value = str(table)
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataBrowser))
        assert browser(pilot)._backend.settings.data.file == str(table)


@pytest.mark.parametrize("typed", ["~nobody/x", "\0", "/no/such/folder/", "x" * 5000])
def test_what_is_no_path_is_offered_nothing(typed: str) -> None:
    """And is not an error before it is taken."""
    shelf = DataShelf("data", "", [Choice("iris")], lambda value: None, free=True)
    assert list(shelf.offer(typed)) == []
    assert shelf.attempt(typed, None, moved=False).answer == typed.strip()


@pytest.mark.parametrize(
    "size",
    [(60, 20), (30, 8), (200, 60), *(pytest.param(size, marks=pytest.mark.slow) for size in [(120, 40), (80, 24)])],
)
async def test_no_size_and_no_look_keeps_a_view_from_being_drawn(size: tuple[int, int], table: Path) -> None:
    """Plain characters are enough, and no line is wider than the screen."""
    async with browsing(table, size, Look(colours="none", ascii=True)) as pilot:
        for _ in range(4):
            assert "cannot be drawn" not in text(pilot)
            assert all(len(line) <= size[0] for line in text(pilot).splitlines())
            assert text(pilot).replace("ö", "o").isascii()
            await pilot.press("down", "tab")


async def test_names_and_cells_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Control characters are shown as signs, and markup as it is written."""
    path = tmp_path / "evil.csv"
    path.write_text("[b]x[/b],\x1b[31mred,y\n" + "".join(f"{i}.5,\x1b]0;t\x07{i % 3},{i % 2}\n" for i in range(30)))
    async with browsing(path) as pilot:
        assert "[b]x[/b]" in text(pilot)
        assert "\x1b" not in text(pilot)
        assert "␛]0;t␇0" in text(pilot)


async def test_data_that_cannot_be_read_any_more_are_a_sentence(table: Path) -> None:
    """In the place of the table; the browser can be left."""
    backend = FakeBackend(train_run())
    chosen = RunConfig.from_dict({"data": {"file": str(table), "missing": "mean"}}).data
    backend.settings = replace(backend.settings, data=chosen)
    table.unlink()
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, DataBrowser))
        shown = app.screen.query_one(BrowserView)
        await until(pilot, lambda: "no such file" in " ".join(shown.plain_text.split()))  # a long path breaks the line
        await pilot.press("down", "tab", "enter", "escape")
        await until(pilot, lambda: app.screen is app._main)
