"""An input of one line that takes all lines of what is pasted, and whose keys go by what a reader calls a letter."""

from __future__ import annotations

import re

from textual import events
from textual.widgets import Input

from nnplay.tui.widgets.cells import MARK, graphemes

#: Commands that take a list: pasted lines are its items.
_LISTS = ("layers",)


class LineInput(Input):
    """A text input; stock Textual takes the first of several pasted lines and drops the others without a word.

    Of a family of joined emoji, or a letter with its marks, it would delete a part, and leave another sign.
    """

    def on_paste(self, event: events.Paste) -> None:
        """Make it one line; Textual then calls the handler of `Input`, which puts it in."""
        event.text = join_lines(event.text, self.value)

    def action_delete_left(self) -> None:
        """Delete the sign before the cursor, or what is selected."""
        if self.selection.is_empty:
            self.delete(self._before(), self.cursor_position)
        else:
            self.delete_selection()

    def action_delete_right(self) -> None:
        """Delete the sign at the cursor, or what is selected."""
        if self.selection.is_empty:
            self.delete(self.cursor_position, self._behind())
        else:
            self.delete_selection()

    def action_cursor_left(self, select: bool = False) -> None:
        """Go over the sign before the cursor."""
        if select or not self.selection.is_empty:
            super().action_cursor_left(select)
        else:
            self.cursor_position = self._before()

    def action_cursor_right(self, select: bool = False) -> None:
        """Go over the sign at the cursor; at the end take what is suggested."""
        if select or not self.selection.is_empty or self.cursor_at_end:
            super().action_cursor_right(select)
        else:
            self.cursor_position = self._behind()

    def _before(self) -> int:
        """Where the sign before the cursor begins."""
        return max((edge for edge in edges(self.value) if edge < self.cursor_position), default=0)

    def _behind(self) -> int:
        """Where the sign at the cursor ends."""
        return min((edge for edge in edges(self.value) if edge > self.cursor_position), default=len(self.value))


def edges(text: str) -> list[int]:
    """Where signs begin and end: a family of joined emoji, or a letter with its marks, is one."""
    found, place = [0], 0
    for sign in graphemes(text):
        place += len(sign) - sign.count(MARK)
        found.append(place)
    return found


def join_lines(text: str, before: str = "") -> str:
    """Pasted lines as one: items of a list behind a command that takes one, else with blanks between them.

    Quotes and commas around the items of a list (as in a TOML file) are left out.

        join_lines("linear 16\\nrelu\\nlinear 2", "layers ")  # "linear 16, relu, linear 2"

    Args:
        before: what the line holds already.
    """
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) < 2:
        return text
    if not f"{before}{text}".lstrip(": ").startswith(_LISTS):
        return " ".join(lines)
    items = [line.rstrip(",").strip("\"'") for line in lines]
    return re.sub(r", (?=\])", "", re.sub(r"(?<=\[), ", "", ", ".join(items)))
