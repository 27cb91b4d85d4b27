"""Where the app answers: the line above the footer, the log, and what is told of the run behind the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from textual.app import App

from nnplay.errors import NnplayError
from nnplay.run.snapshot import Snapshot
from nnplay.text import clean, without_password
from nnplay.tui.backend import Backend
from nnplay.tui.commands.actions import BY_ID
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.widgets.footer import FooterLine
from nnplay.tui.widgets.message_line import MessageLine

START = "press space to train, ? for help"
"""Shown while nothing has been trained yet."""


@runtime_checkable
class HasMessageLine(Protocol):
    """A screen with a line of its own for messages."""

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in that line."""


class Messages:
    """Shows messages on the main screen and keeps them for the log.

    Args:
        app: may have ended; then nothing is shown.
        main: has the message line.

    Attributes:
        printed: the newest lines that were shown or printed.
        under_way: what is being done beside the event loop, until it is done.
    """

    def __init__(self, app: App[int], main: MainScreen) -> None:
        self._app, self._main = app, main
        self.printed: deque[str] = deque(maxlen=2000)
        self.under_way = ""

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the line above the footer, and write it to the log."""
        if not self._app.is_running:
            return  # messages still come while the screen is taken down
        text, line = without_password(text), self._main.query_one(MessageLine)
        if clean(text, 400) != line.text:
            line.say(text, "error" if error else "text")
            self._main.make_room_for_message()
            if text:
                self.log(text)

    def say_everywhere(self, text: str) -> None:
        """Show an error on every open screen that has a message line."""
        self.say(text, error=True)
        for screen in self._app.screen_stack:
            if isinstance(screen, HasMessageLine):
                screen.say(without_password(text), error=True)

    def log(self, *lines: str) -> None:
        """Write lines to the log alone."""
        self.printed.extend(clean(without_password(line), 400) for line in lines)

    def attempt(self, act: Callable[[], str | None]) -> bool:
        """Call `act` and show its answer; an error is shown, not raised. Returns whether it went well."""
        try:
            answer = act()
        except NnplayError as error:
            self.say(error.message, error=True)
            return False
        if answer:
            self.say(answer)
        return True


class RunMessages:
    """Shows what the run reports, and what keys have asked of it while it cannot answer yet."""

    def __init__(self, backend: Backend, main: MainScreen, messages: Messages) -> None:
        self._backend, self._main, self._messages = backend, main, messages

    def report(self, snapshot: Snapshot) -> None:
        """Show the message or error of a snapshot, and what leads to the first curves."""
        self._main.query_one(CurvesPane).invite(self._key_of("run"), waiting=self._backend.will_run)
        if snapshot.error:
            self._messages.say(snapshot.error, error=True)
        else:
            self._messages.say(self.describe(snapshot))

    def describe(self, snapshot: Snapshot) -> str:
        """What there is to say of a run without an error; when it has come to its end, what to try next."""
        message = self._messages.under_way or snapshot.message
        if snapshot.finished and not self._messages.under_way:
            message = f"{message}; next: {self._describe_next()}"
        start = START if not (message or snapshot.step or self._backend.will_run) else ""
        return "; ".join(filter(None, (message, self._backend.compiling, self._describe_intent(), start)))

    def tell_intent(self) -> None:
        """Show at once what was asked of the training, where it cannot be done at once."""
        if self._backend.compiling:
            self.report(self._backend.snapshot)
            self._main.query_one(FooterLine).show_running(self._backend.will_run)

    def _describe_intent(self) -> str:
        """What a key has asked of the training while kernels that it needs are compiled."""
        if not (self._backend.compiling and self._backend.will_run):
            return ""
        return f"training starts as soon as they are ready, {self._key_of('run')} cancels"

    def _describe_next(self) -> str:
        """Three things to try after a run."""
        words = {
            "inspect": "looks inside one step",
            "new-weights": "restarts from new weights",
            "pick": "offers other experiments",
        }
        return ", ".join(f"{self._key_of(action)} {what}" for action, what in words.items())

    def _key_of(self, action: str) -> str:
        return self._main.query_one(FooterLine).key_of(BY_ID[action])
