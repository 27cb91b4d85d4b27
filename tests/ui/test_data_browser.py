"""The data browser: every cell can be reached, every column changed, and what is shown is what the network gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from nnplay import rng
from nnplay.config import RunConfig
from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.data.profile.batch import lay_out_batch
from nnplay.data.profile.profile import Profile
from nnplay.health.finding import Finding
from nnplay.tui.app import Playground
from nnplay.tui.data_browser.browser_view import BrowserView
from nnplay.tui.data_browser.keys import KEYS
from nnplay.tui.data_browser.place import Place
from nnplay.tui.data_browser.screen import DataBrowser
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.data_shelf import DataShelf
from nnplay.tui.picker.screen import Picker
from nnplay.tui.picker.tabs import ShelfTabs
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import type_line
from tests.ui.waiting import until

ROWS = 3000
LEAVE = {"ctrl+c", "escape"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    lines = [
        f"{i + 1},{20 + i % 40},{('Köln', 'Bonn', 'Ulm')[i % 3]},{'' if i == 4 else i * 3},{(i // 7) % 2}"
        for i in range(ROWS)
    ]
    path.write_text("\n".join(["id,age,city,spent,left", *lines]), encoding="utf-8")
    return path


@asynccontextmanager
async def browsing(
    data: Dataset | Path, size: tuple[int, int] = (120, 40), look: Look | None = None
) -> AsyncIterator[Pilot[int]]:
    """The browser over a hand-made run on these data."""
    backend = FakeBackend(train_run())
    if isinstance(data, Path):
        chosen = RunConfig.from_dict({"data": {"file": str(data), "missing": "mean"}}).data
        backend.settings = replace(backend.settings, data=chosen)
    else:
        backend.data = data
    app = Playground(backend, look or Look())  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, DataBrowser) and app.screen.place is not None)
        await until(pilot, lambda: all(place(pilot).profile.known_facts(c) for c in place(pilot).profile.columns))
        await pilot.pause()
        yield pilot


def browser(pilot: Pilot[int]) -> DataBrowser:
    found = next(screen for screen in pilot.app.screen_stack if isinstance(screen, DataBrowser))
    return found


def place(pilot: Pilot[int]) -> Place:
    found = browser(pilot).place
    assert found is not None
    return found


def text(pilot: Pilot[int]) -> str:
    return browser(pilot).query_one(BrowserView).plain_text


def message(pilot: Pilot[int]) -> str:
    return browser(pilot).query_one(MessageLine).text


def tab(pilot: Pilot[int]) -> str:
    line = browser(pilot).query_one(ShelfTabs).plain_text
    return line[line.index("[") + 1 : line.index("]")]


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


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("digits", {}, "1: 0"),
        ("sounds", {"samples": 60}, "spectrum"),
        ("reversal", {"samples": 60}, "wanted"),
        ("shapes", {"samples": 60}, "1: "),
    ],
)
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_what_is_no_table_is_looked_at_row_by_row(
    name: str, more: dict[str, int], words: str, size: tuple[int, int]
) -> None:
    """Pictures in a grid, waves with their spectra, symbols with their numbers; each beside its numbers."""
    async with browsing(load_dataset(name, **more), size) as pilot:
        assert tab(pilot) == "examples"
        assert words in text(pilot)
        before = text(pilot)
        await pilot.press("down")
        assert place(pilot).row == place(pilot).stride
        assert text(pilot) != before
        for _ in range(len(browser(pilot)._moving.views)):
            await pilot.press("tab")
            assert "cannot be drawn" not in text(pilot)
            assert len(text(pilot)) > 80


async def test_a_film_is_a_strip_of_its_frames() -> None:
    """A clip is looked at frame by frame, in every view."""
    clips = np.random.default_rng(0).random((20, 6 * 8, 8, 1))
    async with browsing(Dataset(clips, [0, 1] * 10, frames=6), (80, 24)) as pilot:
        assert all(f"frame {number}" in text(pilot) for number in range(1, 7))
        for _ in browser(pilot)._moving.views:
            await pilot.press("tab")
            assert "cannot be drawn" not in text(pilot)


@pytest.mark.parametrize("channels", [1, 2, 3])
async def test_a_volume_is_looked_at_slice_by_slice(channels: int) -> None:
    """Rows of four axes are drawn as their slices, in every view."""
    volumes = np.random.default_rng(0).random((20, 4, 8, 6, channels))
    async with browsing(Dataset(volumes, [0, 1] * 10), (80, 24)) as pilot:
        assert all(f"slice {number}" in text(pilot) for number in range(1, 5))
        for _ in browser(pilot)._moving.views:
            await pilot.press("tab")
            assert "cannot be drawn" not in text(pilot)


async def test_a_sound_is_shown_beside_the_spectrum_that_is_made_of_it() -> None:
    """Where the waves were kept."""
    chance = np.random.default_rng(0)
    data = Dataset(chance.random((20, 30, 12)), [0, 1] * 10, waves=chance.normal(size=(20, 400)).astype(np.float32))
    async with browsing(data) as pilot:
        assert "wave: 400 steps" in text(pilot)
        assert "30 spectra of 12 bands" in text(pilot)


def test_a_batch_shows_augmented_rows_as_they_are_given() -> None:
    """A copy has the number of its row."""
    data = load_dataset("digits")
    profile = Profile(data, data.split(augment="shift 0.2", copies=2))
    rows = len(profile.split.indices.train)
    batch = lay_out_batch(profile, 3 * rows)
    assert sorted(batch.rows) == sorted(np.tile(profile.split.indices.train, 3))
    assert (batch.x == profile.split.train.x[rng.permutation(0, 0, 3 * rows)]).all()


async def test_the_strongest_frequency_is_that_of_the_wave() -> None:
    """A sine with seven waves in a row has them in its spectrum."""
    steps = np.sin(2 * np.pi * 7 * np.arange(256) / 256)[None, :, None].repeat(20, axis=0)
    async with browsing(Dataset(steps, [0, 1] * 10)) as pilot:
        assert "strongest 7" in text(pilot)


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


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (30, 8), (200, 60)])
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
