"""The hints of the first minute on the screen: shown, put away, brought back."""

from __future__ import annotations

from nnplay.tui.backend import Backend
from nnplay.tui.commands.messages import Messages
from nnplay.tui.help.hints import Hints
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.widgets.footer import FooterLine
from nnplay.tui.widgets.hint_line import HintLine


class HintActions:
    """The actions that concern hints.

    Args:
        backend: knows what the network is to learn.
        main: has the line for hints.
        messages: say what a key changed where that cannot be seen.
    """

    def __init__(self, backend: Backend, main: MainScreen, messages: Messages) -> None:
        self._backend, self._main, self._messages = backend, main, messages
        self._hints = Hints()

    def show_tour(self) -> None:
        """All hints, from the first."""
        self._hints.restart()
        self._draw()

    def show(self) -> None:
        """The hint that was left, on the screen again."""
        self._hints.show()
        self._draw()

    def hide_hints(self) -> None:
        """No hints."""
        if self._hints.shown:
            self._hints.hide()
            self._draw()
        else:
            self._messages.say("there is nothing to leave or hide here")

    def note(self, action: str) -> None:
        """An action was done: a hint that asked for it makes way for the next."""
        if self._hints.note(action):
            self._draw()

    def _draw(self) -> None:
        if self._main.is_running:
            footer = self._main.query_one(FooterLine)
            self._main.query_one(HintLine).say(self._hints.text(self._backend.task(), footer.key_of))
            self._main.make_room_for_message()
