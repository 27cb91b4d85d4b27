"""The help: the page of the pane that the user comes from, and a search through all keys and terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.help.pane_help import page
from nnplay.tui.widgets.line_input import LineInput


class Help(Dialog[None]):
    """Shows one pane's page; `/` searches everything."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", show=False),
        Binding("q,question_mark", "close", "close", show=False),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    Help > Vertical { width: 86; height: 90%; }
    Help VerticalScroll { height: 1fr; }
    """

    def __init__(self, pane: str, keymap: Mapping[str, str]) -> None:
        super().__init__("help", "↑ ↓ scroll · / search all keys and terms · esc close")
        self._pane, self._keymap = pane, keymap

    def body(self) -> ComposeResult:
        """Search line and page."""
        yield LineInput(placeholder="press / to search keys and terms, such as overfitting")
        with VerticalScroll():
            yield Static(id="page")

    def on_mount(self) -> None:
        """Show the pane's page."""
        self.query_one("#page", Static).update(self._page(""))
        self.query_one(VerticalScroll).focus()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self.query_one("#page", Static).update(self._page(event.value))

    def _page(self, words: str) -> Content:
        return page(self._pane, self._keymap, words, plain=self._is_plain)

    def action_search(self) -> None:
        """Type words to search for."""
        self.query_one(Input).focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(VerticalScroll).scroll_relative(y=2 * lines, animate=False)
