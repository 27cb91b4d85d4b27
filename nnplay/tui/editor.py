"""What a form or list asks of the app that it lives in; called at once, so that two quick keys make two changes."""

from __future__ import annotations

from typing import Any, Protocol, cast

from textual.widget import Widget

from nnplay.tui.entries import Entry


class Editor(Protocol):
    """Takes changes of settings; what cannot be done is said on the screen, never raised."""

    def change(self, **values: Any) -> None:
        """Give settings new values."""

    def change_entry(self, entry: Entry, value: Any) -> None:
        """Give the setting behind `entry` another value."""


def editor(widget: Widget) -> Editor:
    """The app of `widget` in this role."""
    return cast(Editor, widget.app)
