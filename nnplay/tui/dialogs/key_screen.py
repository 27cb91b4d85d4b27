"""A whole screen over the main one, with a list of keys of its own and a line in which it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.content import Content
from textual.screen import Screen

from nnplay.tui.commands.screen_keys import Key, shown
from nnplay.tui.dialogs.modal import Answer, Modal
from nnplay.tui.dialogs.reading import Reading
from nnplay.tui.widgets.message_line import MessageLine


class KeyScreen(Modal[Answer]):
    """Says things in its message line, opens dialogs over itself, and explains its keys.

    Attributes:
        OWN_KEYS: its keys.
        HEADING: of the list of its keys.
        PLACE: where a key does nothing, as in `a race`.
    """

    OWN_KEYS: ClassVar[Sequence[Key]] = ()
    HEADING: ClassVar[str] = ""
    PLACE: ClassVar[str] = ""

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message."""
        if self.is_attached:
            line = self.query_one(MessageLine)
            line.say(text, "error" if error else "text")
            line.styles.height = line.rows_for(self.size.width)

    def tell_idle(self, key: str) -> None:
        """Say it in the message line."""
        if key:
            self.say(f"{key} does nothing in {self.PLACE}; ? shows the keys")

    def ask(self, dialog: Screen[Any], take_answer: Callable[[Any], None] | None = None) -> None:
        """Open a dialog over this screen."""
        self.app.push_screen(dialog, take_answer)

    def show_help(self) -> None:
        """Show all keys."""
        parts: list[tuple[str, str] | str] = []
        for key in self.OWN_KEYS:
            parts += [(f"{shown(key):>6}  ", "$accent"), f"{key.help}\n"]
        self.ask(Reading(self.HEADING, Content.assemble(*parts)))

    def leave(self) -> None:
        """Back to the playground."""
        self.dismiss(None)
