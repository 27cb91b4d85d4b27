"""A text to read, and what finds no room on the screen written out whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.explaining import AskExplanation, ExplanationText
from nnplay.tui.widgets.cells import Cells


class Reading(Dialog[None]):
    """A text that scrolls.

    Args:
        ask: asks for an explanation that stands before the text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,J,V", "close", "close", show=False),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    Reading > Vertical { width: 90; height: 90%; }
    Reading VerticalScroll { height: 1fr; }
    """

    def __init__(self, title: str, text: Content, ask: AskExplanation | None = None) -> None:
        super().__init__(title, "↑ ↓ scroll · esc close")
        self._text, self._ask = text, ask

    def body(self) -> ComposeResult:
        """The text."""
        with VerticalScroll():
            if self._ask is not None:
                yield ExplanationText(self._ask)
            yield Static(self._text)

    def on_mount(self) -> None:
        """Arrows scroll at once."""
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=2 * lines, animate=False)


def find_cut_texts(widgets: Iterable[Widget]) -> list[str]:
    """What these widgets, and those in them, show only in part; each text once, from top to bottom."""
    found: list[str] = []
    for widget in widgets:
        for title in (widget.border_title, widget.border_subtitle):
            if title and cell_len(Content.from_markup(title).plain) > widget.outer_size.width - 4:
                found.append(Content.from_markup(title).plain)
        for cells in widget.query(Cells) if not isinstance(widget, Cells) else (widget,):
            found += cells.cut_texts if cells.display else []
    return list(dict.fromkeys(found))


def whole_texts(texts: Iterable[str]) -> Reading:
    """A dialog with texts that were cut."""
    return Reading("in full", Content("\n\n".join(texts)))
