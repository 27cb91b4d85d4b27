"""The help: an explanation of what is selected, the page of the pane, and a search through all keys and terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from nnplay.explain.explanation import InspectorPlace
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.explaining import AskExplanation, ExplanationText
from nnplay.tui.help.pane_help import page
from nnplay.tui.widgets.line_input import LineInput


class Help(Dialog[InspectorPlace]):
    """Shows one pane's page; `/` searches everything.

    Args:
        pane: whose page it is.
        keymap: the user's own keys.
        ask: asks for the explanation of what is selected; the answer is the place where the inspector shows it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", show=False),
        Binding("enter", "inspect", "inspect", show=False),
        Binding("q,question_mark", "close", "close", show=False),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    Help > Vertical { width: 86; height: 90%; }
    Help VerticalScroll { height: 1fr; }
    """

    def __init__(self, pane: str, keymap: Mapping[str, str], ask: AskExplanation | None = None) -> None:
        keys = "↑ ↓ scroll · / search all keys and terms · esc close"
        super().__init__("help" if ask is None else "explained", keys if ask is None else f"enter inspect · {keys}")
        self._pane, self._keymap, self._ask = pane, keymap, ask
        self._inspects = False

    def body(self) -> ComposeResult:
        """Search line, explanation and page."""
        yield LineInput(placeholder="press / to search keys and terms, such as overfitting")
        with VerticalScroll():
            if self._ask is not None:
                yield ExplanationText(self._ask)
            yield Static(id="page")

    def on_mount(self) -> None:
        """Show the pane's page."""
        self.query_one("#page", Static).update(self._page(""))
        self.query_one(VerticalScroll).focus()

    @on(ExplanationText.Arrived)
    def _go_on(self) -> None:
        """What was asked for before the explanation was there."""
        if self._inspects:
            self.action_inspect()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self.query_one("#page", Static).update(self._page(event.value))
        for explanation in self.query(ExplanationText):
            explanation.display = not event.value

    def _page(self, words: str) -> Content:
        return page(self._pane, self._keymap, words, plain=self._is_plain)

    def action_inspect(self) -> None:
        """Go where the inspector shows the numbers of the explanation, as soon as they are known."""
        explained = [each.explained for each in self.query(ExplanationText)]
        if not explained:
            self.tell_idle("enter")
        elif explained[0] is None:
            self._inspects = True
        elif explained[0].place is None:
            self.query_one(".keys", Static).update(Content(f"the inspector cannot show this · {self._shown_keys}"))
        else:
            self.dismiss(explained[0].place)

    def action_search(self) -> None:
        """Type words to search for."""
        self.query_one(Input).focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(VerticalScroll).scroll_relative(y=2 * lines, animate=False)
