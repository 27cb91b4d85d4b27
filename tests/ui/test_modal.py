"""Dialogs close once: keys that come faster than a dialog goes away must not close what lies under it."""

from __future__ import annotations

import os
import pty
import select
import termios
import tty

import pytest
from textual import events
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Static

from nnplay.tui.app import Playground
from nnplay.tui.dialogs.modal import Modal, Palette
from nnplay.tui.inspector.asking import AskText
from nnplay.tui.terminal import textual_private
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.network_view import NetworkView
from tests.ui.conftest import Faults
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run


async def test_a_second_answer_closes_nothing_else() -> None:
    """A dialog that is dismissed three times in one go leaves the main screen standing, and the app running."""
    app = Playground(FakeBackend(train_run()), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        for opener in ("colon", "ctrl+p", "question_mark", "p", "o", "L", "slash"):
            await pilot.press(opener)
            await pilot.pause()
            dialog: Screen[object] = app.screen
            assert isinstance(dialog, Modal | Palette), opener
            for _ in range(3):
                dialog.dismiss(None)
            await pilot.pause()
            assert app.screen is app._main, opener
            await pilot.press("space")
            assert app.is_running, opener


async def test_a_dialog_under_another_waits() -> None:
    """An answer that reaches a dialog when another one lies over it changes nothing."""
    app = Playground(FakeBackend(train_run()), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon")
        await pilot.pause()
        under: Screen[object] = app.screen
        app.navigation.command_palette()
        await pilot.pause()
        over = app.screen
        under.dismiss(None)
        await pilot.pause()
        assert app.screen is over
        assert under in app.screen_stack


async def test_a_key_that_ends_before_its_dialog_is_drawn_is_no_fault() -> None:
    """A dialog is on top as soon as it is asked for, and has its line of keys a moment later: nothing is missed."""
    app = Playground(FakeBackend(train_run()), Look())
    async with app.run_test(size=(80, 24)):
        dialog = AskText("go to step", "", "7", str)
        opened = app.push_screen(dialog)
        assert app.screen is dialog
        app._end_key()
        await opened
        dialog.tell_idle("f2")
        assert "f2 does nothing here" in str(dialog.query_one(".keys", Static).content)


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (80, 24)])
async def test_page_keys_in_a_list_without_room(size: tuple[int, int]) -> None:
    """Page keys and home and end in a list that has no line to show are ignored."""
    app = Playground(FakeBackend(train_run()), Look())
    async with app.run_test(size=size) as pilot:
        for opener in ("p", "ctrl+p"):
            await pilot.press(opener)
            for key in ("pagedown", "pageup", "end", "home", "pagedown"):
                await pilot.press(key)
            await pilot.press("escape")
            await pilot.pause()
            assert app.screen is app._main, opener


async def test_a_message_too_long_for_its_line_names_the_key_that_shows_it() -> None:
    """What was said is cut with a hint at the log, where it stands whole."""
    app = Playground(FakeBackend(train_run()), Look())
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.say("word " * 70)
        assert app._main.query_one(MessageLine).plain_text.rstrip().endswith("L: all of it")
        app.say("short")
        assert "L:" not in app._main.query_one(MessageLine).plain_text


async def test_messages_that_come_while_the_screen_is_taken_down_are_no_fault() -> None:
    """The last focus, sentence, frame and settings may reach an app whose widgets are gone: nothing is raised."""
    app = Playground(FakeBackend(train_run()), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
    assert not app._main.query(MessageLine)
    app._focus_moved()
    app._unit_chosen(NetworkView.Chosen(None, ""))
    app.say("the last word")
    app._main.show_settings()
    app.refresher.tick()
    assert "the last word" not in app.messages.printed


async def missing_a_widget(leaving: bool) -> Playground:
    """An app in which a message finds no widget, while the app leaves or before."""
    app = Playground(FakeBackend(train_run()), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        if leaving:
            app.exit(return_code=143)
        app._handle_exception(NoMatches("no list"))
        await pilot.pause()
    return app


async def test_what_a_leaving_screen_misses_is_no_fault() -> None:
    """A dialog that comes up while the app ends finds none of its widgets, and the exit status stays."""
    app = await missing_a_widget(leaving=True)
    assert (app.fault, app.return_code) == ("", 143)


async def test_what_a_standing_screen_misses_is_a_fault(faults: Faults) -> None:
    """The same in an app that goes on is told, like any other error."""
    app = await missing_a_widget(leaving=False)
    assert [str(error) for error in faults.take()] == ["no list"]
    assert "NoMatches: no list; the run continues" in app.messages.printed[-1]


@pytest.mark.parametrize("answered", [True, False])
def test_keys_are_echoed_again_only_when_all_has_been_written_and_answered(answered: bool) -> None:
    """The line discipline comes back behind the last byte, and behind the last answer, which no shell is left to read.

    What comes when no answer is awaited was typed, and is the shell's.
    """
    master, slave = pty.openpty()
    modes = termios.tcgetattr(slave)
    tty.setraw(slave)

    class Driver:
        """What Textual's driver does at its end, in its order."""

        fileno = slave
        attrs_before = modes

        def stop_application_mode(self) -> None:
            if self.attrs_before is not None:
                termios.tcsetattr(slave, termios.TCSANOW, self.attrs_before)

        def close(self) -> None:
            assert not termios.tcgetattr(slave)[3] & termios.ECHO

        def process_message(self, message: object) -> None:
            """Nothing."""

        def write(self, text: str) -> None:
            os.write(slave, text.encode())

        def flush(self) -> None:
            """Nothing."""

    app = Playground(FakeBackend(train_run()), Look())
    app._driver = driver = Driver()  # type: ignore[assignment]
    textual_private.restore_at_end(app, modes)
    textual_private.ask_for_cursor(app)
    if answered:
        driver.process_message(events.CursorPosition(8, 8))
    os.write(master, b"\x1b[9;9R")
    driver.stop_application_mode()
    driver.close()
    assert termios.tcgetattr(slave) == modes
    tty.setraw(slave, termios.TCSANOW)
    assert bool(select.select([slave], [], [], 0)[0]) == answered
    os.close(master)
    os.close(slave)
