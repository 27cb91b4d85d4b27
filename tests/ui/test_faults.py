"""Errors that nobody expected: each is a sentence with the place of its details, and the playground goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.errors import InputError
from nnplay.tui.app import Playground
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.conftest import Faults
from tests.ui.playing import asked, main, make
from tests.ui.waiting import until

Break = Callable[[Playground, pytest.MonkeyPatch], object]


def fails(*_: Any, **__: Any) -> Any:
    """What a bug of the program does."""
    raise ZeroDivisionError("a bug of the tests")


class Broken(Dialog[str]):
    """A dialog with a bug where it is mounted, and one where it answers."""

    def body(self) -> ComposeResult:
        """One line."""
        yield Input()

    def on_mount(self) -> None:
        """A bug."""
        fails()

    def on_input_submitted(self) -> None:
        """Another."""
        fails()


async def still_works(pilot: Pilot[int], app: Playground) -> None:
    """The next key does what it always does."""
    before = len([call for call in asked(app) if call == ("batch",)])
    await pilot.press("full_stop")
    await pilot.pause()
    assert len([call for call in asked(app) if call == ("batch",)]) == before + 1


def backend_breaks(name: str) -> Break:
    """A function of the back end that raises."""
    return lambda app, patch: patch.setattr(app._backend, name, fails)


BREAKS: list[tuple[Break, str]] = [
    (backend_breaks("rewind"), "r"),
    (backend_breaks("reseed"), "R"),
    (backend_breaks("undo"), "z"),
    (backend_breaks("save"), "s"),
    (backend_breaks("apply"), "1 j j right"),
    (backend_breaks("ledger"), "a l i n e a r space 6 escape"),
    (backend_breaks("open"), "colon o p e n space x enter"),
    (backend_breaks("goto"), "colon g o t o space s t e p space 5 enter"),
    (backend_breaks("branches"), "colon b r a n c h space x escape"),
    (lambda app, patch: patch.setattr("nnplay.tui.commands.completion.parse_command", fails), "colon t o u r enter"),
    (lambda app, patch: patch.setattr(CurveView, "action_log", fails), "5 g"),
]


async def test_a_bug_behind_a_key_is_a_sentence(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with the file that has its traceback, and the next key works."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        for breaks, keys in BREAKS:
            app.say("")
            with monkeypatch.context() as patch:
                breaks(app, patch)
                await pilot.press(*keys.split())
                told = main(app).query_one(MessageLine)
                await until(pilot, lambda told=told: "ZeroDivisionError: a bug of the tests" in told.text)  # type: ignore[misc]
            assert "the run continues" in told.text, keys
            assert "Traceback" in Path(told.text.rpartition("details: ")[2]).read_text(), keys
            await still_works(pilot, app)
            assert {type(error) for error in faults.take()} == {ZeroDivisionError}, keys


async def test_a_dialog_that_fails_is_left_by_escape(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bugs where it is mounted, where it answers, and in what takes the answer: the screen behind it is still there."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(Broken("broken", ""), fails)
        await pilot.pause()
        await pilot.press("x", "enter", "escape")
        await pilot.pause()
        assert app.screen is main(app)
        await still_works(pilot, app)
    assert len(faults.take()) == 3


async def test_a_mouse_and_a_paste_that_meet_a_bug(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told too, and the next key works."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        with monkeypatch.context() as patch:
            patch.setattr(CurveView, "on_click", fails, raising=False)
            await pilot.click(CurveView)
            await pilot.press("colon")
            patch.setattr(Input, "_on_paste", fails)
            app.post_message(events.Paste("set lr 0.1"))
            await pilot.pause()
        await pilot.press("escape")
        await still_works(pilot, app)
    assert len(faults.take()) == 2


@pytest.mark.painted
async def test_a_picture_with_a_bug_stays_empty_alone(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other panes are drawn, the run is followed, and what cannot be drawn says so in its place."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(CurveView, "draw", fails)
        await pilot.press("g")
        main(app).query_one(CurveView).redraw()
        await pilot.press("f", "f", "1")
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert "cannot be drawn" in main(app).query_one(CurveView).plain_text
        assert main(app).current == "data"
        await still_works(pilot, app)
    assert {type(error) for error in faults.take()} == {ZeroDivisionError}


async def test_the_same_bug_is_written_down_once(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes back at every key fills neither the disk nor the line; another one gets its own traceback."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        monkeypatch.setattr(app._backend, "rewind", fails)
        await pilot.press("r", "r", "r")
        path = Path(main(app).query_one(MessageLine).text.rpartition("details: ")[2])
        assert path.read_text().count("Traceback") == 1
        monkeypatch.setattr(app._backend, "reseed", lambda: [][1])
        await pilot.press("R")
        assert path.read_text().count("Traceback") == 2
        assert "IndexError" in main(app).query_one(MessageLine).text
    assert len(faults.take()) == 4


async def test_a_refusal_that_nobody_caught_is_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the user's is no bug: its own sentence, without a file."""

    def refuses() -> None:
        raise InputError("cannot go there", hint="go elsewhere")

    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        monkeypatch.setattr(app._backend, "rewind", refuses)
        await pilot.press("r")
        assert main(app).query_one(MessageLine).text == "cannot go there; go elsewhere"
        await still_works(pilot, app)


async def test_where_nothing_can_be_written_the_log_has_the_details(
    faults: Faults, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A state folder that is a file: the sentence says so, and L shows the traceback."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    app = make()
    async with app.run_test(size=(160, 40)) as pilot:
        monkeypatch.setattr(app._backend, "rewind", fails)
        await pilot.press("r")
        assert "could not be written" in main(app).query_one(MessageLine).text
        assert any("Traceback" in line for line in app.messages.printed)
    assert len(faults.take()) == 1


async def test_leaving_works_where_asking_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in what q asks first ends the playground with the run saved, not with a screen that cannot be left."""
    app = make()

    async def leave() -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            app.refresher.pause()
            monkeypatch.setattr(app._backend, "unsaved", fails)
            await pilot.press("q")

    with pytest.raises(ZeroDivisionError):  # as the pilot tells it
        await leave()
    assert ("rescue",) in asked(app)
    assert "a bug of the tests" in app.fault


async def test_a_bug_before_the_first_frame_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to go on with: it ends with the report of a fault."""
    app = make()
    monkeypatch.setattr(app._backend, "ledger", fails)
    with pytest.raises(ZeroDivisionError):
        async with app.run_test(size=(120, 40)):
            pass
    assert "a bug of the tests" in app.fault
