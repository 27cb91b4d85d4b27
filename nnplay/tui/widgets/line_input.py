"""An input of one line that takes all lines of what is pasted into it."""

from __future__ import annotations

import re

from textual import events
from textual.widgets import Input

#: Commands that take a list: pasted lines are its items.
_LISTS = ("layers",)


class LineInput(Input):
    """A text input; stock Textual takes the first of several pasted lines and drops the others without a word."""

    def on_paste(self, event: events.Paste) -> None:
        """Make it one line; Textual then calls the handler of `Input`, which puts it in."""
        event.text = join_lines(event.text, self.value)


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
