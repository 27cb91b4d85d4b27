"""The data browser of a table: every cell can be reached, and every column changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.config import RunConfig
from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.health.finding import Finding
from nnplay.tui.app import Playground
from nnplay.tui.data_browser.browser_view import BrowserView
from nnplay.tui.data_browser.screen import DataBrowser
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.picker.screen import Picker
from nnplay.tui.theme.look import Look
from tests.ui.browsing import ROWS, browser, browsing, message, place, tab, text, write_shop
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.waiting import until


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_shop(tmp_path)


async def test_the_table_has_what_is_counted_of_each_column_above_its_cells(table: Path) -> None:
    """Role, kind, missing and different values, bars; the cells as they were written."""
    async with browsing(table) as pilot:
        lines = text(pilot).splitlines()
        assert lines[0].split() == ["column", "id", "age", "city", "spent", "left"]
        assert lines[1].split()[1:] == ["left", "out", "feature", "feature", "feature", "target"]
        assert lines[2].split()[1:] == ["-", "number", "words", "number", "classes"]
        assert lines[3].split()[1:] == ["0", "0", "0", "1", "0"]
        assert lines[4].split()[1:] == ["3,000", "40", "3", "2,999", "2"]
        assert "█" in lines[5]
        assert lines[6].split()[:6] == ["1", place_part(pilot, 0), "1", "20", "Köln", "0"]
        assert lines[10].split()[:5] == ["5", place_part(pilot, 4), "5", "24", "Bonn"]


def place_part(pilot: Pilot[int], row: int) -> str:
    return ("training", "validation", "test")[int(place(pilot).profile.part_numbers[row])]


async def test_any_row_is_reached_at_once_and_only_rows_that_are_seen_are_looked_at(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """End, home, pages, a number; a column by its name."""
    async with browsing(table) as pilot:
        asked: list[int] = []
        profile = place(pilot).profile
        real = profile.cells
        monkeypatch.setattr(profile, "cells", lambda c, a, b: (asked.append(b - a), real(c, a, b))[1])
        await pilot.press("end")
        assert f"{ROWS:,}" in text(pilot)
        assert max(asked) <= 40
        await pilot.press("home", "pagedown")
        assert place(pilot).row == place(pilot).page
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskValue))
        pilot.app.screen.query_one(Input).value = "1234"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: place(pilot).row == 1233)
        await pilot.press("slash", *"spe", "enter")
        await until(pilot, lambda: place(pilot).column == 3)
        assert "spent: 0 to 8997" in text(pilot)


async def test_the_last_of_a_thousand_columns_is_shown_when_the_cursor_is_on_it() -> None:
    """Columns scroll so that the cursor is seen, to the right and back."""
    names = [f"column_{number}" for number in range(1000)]
    async with browsing(
        Dataset(np.random.default_rng(0).random((40, 1000)), [0, 1] * 20, feature_names=names)
    ) as pilot:
        place(pilot).column = 1000
        browser(pilot).query_one(BrowserView).redraw()
        assert "column_999" in text(pilot)
        assert text(pilot).splitlines()[0].split()[-1] == "class"
        await pilot.press("left")
        assert text(pilot).splitlines()[0].split()[-1] == "class"
        place(pilot).column = 3
        browser(pilot).query_one(BrowserView).redraw()
        assert text(pilot).splitlines()[0].split()[1] == "column_3"


async def test_the_key_of_a_leak_goes_to_its_column(table: Path) -> None:
    """From anywhere in the playground."""
    backend = FakeBackend(train_run())
    chosen = RunConfig.from_dict({"data": {"file": str(table), "missing": "mean"}}).data
    backend.settings = replace(backend.settings, data=chosen)
    leak = Finding("warning", "column 'spent' gives the target away", "b", "data", rule="leak", column="spent")
    backend.snapshot = replace(backend.snapshot, health=(leak,))
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, DataBrowser) and app.screen.place is not None)
        assert place(pilot).profile.columns[place(pilot).column].name == "spent"
        await until(pilot, lambda: "spent" in text(pilot))


async def test_a_row_is_shown_from_raw_to_numbers(table: Path) -> None:
    """As written, as a number, as the network gets it, and how; left and right go through the rows."""
    async with browsing(table) as pilot:
        await pilot.press("tab")
        assert tab(pilot) == "raw → numbers"
        assert "one-hot: 3 inputs" in text(pilot)
        await pilot.press("right", "right", "right", "right", "down", "down", "down")
        assert place(pilot).row == 4
        line = next(line for line in text(pilot).splitlines() if line.startswith(" spent"))
        assert line.split()[1:5] == ["→", "missing", "→", "0"]
        assert "where it is missing" in text(pilot)


async def test_classes_and_a_batch_are_laid_out(table: Path) -> None:
    """Every part of the split by class; the numbers of a batch are those of the training rows."""
    async with browsing(table) as pilot:
        await pilot.press("tab", "tab")
        assert tab(pilot) == "classes and split"
        assert "2,100 training rows (70 %)" in text(pilot)
        await pilot.press("tab", "right")
        assert tab(pilot) == "one batch"
        batch = place(pilot).batches.make(1)
        assert f"batch 2 of {batch.batches:,}" in text(pilot)
        row, _, *numbers = text(pilot).splitlines()[2].split()
        assert row == f"{batch.rows[0] + 1:,}"
        assert [float(number) for number in numbers] == pytest.approx(batch.x[0].tolist(), abs=1e-3)
        await pilot.press("tab")
        assert tab(pilot) == "table"


async def test_a_column_is_left_out_taken_back_learned_or_read_otherwise(table: Path) -> None:
    """The data follow, the cursor stays at its column, and undo takes the change back."""
    async with browsing(table) as pilot:

        def role(name: str) -> tuple[str, str]:
            found = next(column for column in place(pilot).profile.columns if column.name == name)
            return found.role, found.kind

        await pilot.press("right", "x")
        await until(pilot, lambda: role("age") == ("ignored", ""))
        assert place(pilot).profile.columns[place(pilot).column].name == "age"
        await pilot.press("x")
        await until(pilot, lambda: role("age") == ("feature", "number"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Picker))
        await pilot.press(*"words", "enter")
        await until(pilot, lambda: role("age") == ("feature", "words"))
        await pilot.press("right", "t")
        await until(pilot, lambda: role("city") == ("target", "classes"))
        assert role("left") == ("feature", "number")
        await pilot.press("z")
        await until(pilot, lambda: role("left") == ("target", "classes"))


async def test_what_cannot_be_changed_is_said(table: Path) -> None:
    """The target cannot be left out; a made data set has no roles; a change that is refused changes nothing."""
    async with browsing(table) as pilot:
        await pilot.press("end", "right", "right", "right", "right", "x")
        assert "the target cannot be left out" in message(pilot)
        await pilot.press("t")
        assert "the target already" in message(pilot)
        await pilot.press("right")
        assert message(pilot) == "this is the last column"
        await pilot.press("left", "left", "left", "left", "x")
        assert "a different id in every row" in message(pilot)
    async with browsing(load_dataset("iris")) as pilot:
        await pilot.press("x")
        assert "only columns of a table have roles" in message(pilot)
