"""Claims about files of one's own in the playground: what is wrong with one, its columns, what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from nnplay.data.columns.columns import Column
from nnplay.data.csv.advice import advise_for
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.commands import completion
from nnplay.tui.forms import column_choices, entries
from nnplay.tui.forms.form import Form
from nnplay.tui.picker.screen import Picker
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.fake_settings import FakeCatalogue, fake_config
from tests.ui.waiting import until

COLUMNS = (
    Column("id", "left_out"),
    Column("area", "number", ("area",)),
    Column("city", "one_hot", ("city=a", "city=b", "city=c"), ("a", "b", "c")),
    Column("price", "target"),
    Column("rent", "number", ("rent",)),
)


def table(lacking: str = "7") -> str:
    """A table of houses; one cell of its areas is `lacking`."""
    rows = [f"w{row},{row % 13},{'abc'[row % 3]},{row % 13 * 10 + row % 3}\n" for row in range(40)]
    return "id,area,city,price\n" + "".join(rows) + f"last,{lacking},a,70.5\n"


def message_line(app: Playground) -> str:
    """What stands in the message line."""
    return app._main.query_one(MessageLine).text


def test_columns_are_offered_with_what_became_of_them() -> None:
    """The target offers every column; kinds offer what a column is not, and keep what was chosen before."""
    assert [(choice.value, choice.note) for choice in column_choices.target_choices(COLUMNS)][2:4] == [
        ("city", "words"),
        ("price", "current target"),
    ]
    assert column_choices.name_learned(COLUMNS) == "price"
    found = [choice.value for choice in column_choices.kind_choices(COLUMNS, {"id": "skip"})]
    assert found[0] == ""
    assert "id=skip, area=skip" in found
    assert "id=skip, city=number" in found
    assert "id=category" in found
    assert not [value for value in found if "price" in value or "area=number" in value]


def test_the_target_that_was_found_stands_in_its_line() -> None:
    """A setting that was left open shows what it amounts to, and kinds out of a session are shown as they are typed."""
    settings = fake_config(data={"file": "my.csv", "kinds": {"id": "skip", "zip": "category"}})
    rows = entries.data_entries(settings, FakeCatalogue(), COLUMNS)
    assert entries.find_entry(rows, "target").shown == "price"
    assert entries.find_entry(rows, "kinds").shown == "id=skip, zip=category"
    lines = [found.line for found in completion.complete_line("set target pr", rows, FakeCatalogue())]
    assert lines == ["set target price"]


async def test_the_column_to_be_learned_is_chosen_from_a_list() -> None:
    """Enter on the target lists all columns of the file, with the present one under the cursor; typing narrows it."""
    backend = FakeBackend()
    backend.settings, backend.table = fake_config(data={"file": "my.csv"}), COLUMNS
    app = Playground(backend, Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1", "down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        assert app.screen.query_one(OptionList).highlighted == 3
        await pilot.press("r", "e", "n", "enter")
        await pilot.pause()
        assert backend.settings.data.values["target"] == "rent"
        await pilot.press("enter")
        app.screen.query_one(Input).value = "price,rent"
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert backend.settings.data.values["target"] == "price,rent"


async def test_a_refused_file_opens_as_the_answer_advises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer names a command of the playground; that command opens the file, and says what is learned from it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    Path("my.csv").write_text(table(lacking=""))
    backend = PlaygroundBackend()
    app = Playground(backend, Look())
    try:
        with advise_for("playground"):
            async with app.run_test(size=(120, 40)) as pilot:
                app.typed_line.run_command("data", "my.csv target=price")
                await until(pilot, lambda: "missing" in message_line(app))
                assert "use :set missing mean, drop or category" in message_line(app)
                assert backend.settings.data.source == "spiral"
                app.typed_line.run_command("set", "missing mean")
                await until(pilot, lambda: backend.settings.data.source == str(tmp_path / "my.csv"))
                await until(pilot, lambda: "target: price" in message_line(app))
                assert backend.settings.data.values == {"target": "price", "missing": "mean"}
                assert any(":set kinds id=category" in line for line in app.messages.printed)
                assert app.edits.refused is None
                await pilot.press("1")
                await pilot.pause()
                form = app._main.focused
                assert isinstance(form, Form)
    finally:
        backend.stop()


async def test_data_that_are_opened_as_a_run_are_named_with_the_command_that_opens_them() -> None:
    """`:open` of a table, or of a data set, answers with the `:data` that reads it, also where the path has spaces."""
    app = Playground(FakeBackend(), Look())
    async with app.run_test(size=(120, 40)) as pilot:
        for path, typed in (("my houses.csv", "'my houses.csv'"), ("spiral", "spiral")):
            app.typed_line.run_command("open", path)
            await pilot.pause()
            assert message_line(app) == f"{path}: is data, not a saved run; :data {typed} opens it"
            assert completion.read_data(typed) == (path, {})


async def test_a_file_that_was_mended_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`:data` with the name of the open file reads what stands in it now."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    Path("my.csv").write_text(table())
    backend = PlaygroundBackend()
    app = Playground(backend, Look())

    def rows() -> int:
        assert backend.worker.trainer is not None
        split = backend.worker.trainer.split
        return sum(len(part) for part in (split.train, split.validation, split.test) if part)

    try:
        async with app.run_test(size=(120, 40)) as pilot:
            app.typed_line.run_command("data", "my.csv")
            await until(pilot, lambda: backend.settings.data.source == str(tmp_path / "my.csv"))
            await until(pilot, lambda: rows() == 41)
            Path("my.csv").write_text(table() + "new,3,b,31.5\n")
            app.typed_line.run_command("data", "my.csv")
            await until(pilot, lambda: rows() == 42)
    finally:
        backend.stop()


async def test_a_long_answer_gets_more_rows() -> None:
    """A sentence that does not fit one row stands whole in up to three; a short one gives the rows back."""
    app = Playground(FakeBackend(train_run()), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        words = "my.csv, row 3, column 'area': 9 values are missing; use :set missing mean, drop or category to go on"
        app.say(words, error=True)
        await pilot.pause()
        line = app._main.query_one(MessageLine)
        assert line.size.height == 2
        assert " ".join(line.plain_text.split()) == words
        app.say("short")
        await pilot.pause()
        assert line.size.height == 1
