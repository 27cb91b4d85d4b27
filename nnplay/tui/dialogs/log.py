"""What was printed or reported while the screen was in use."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from nnplay.tui.dialogs.base import Dialog


class Log(Dialog[None]):
    """Shows lines, the newest last."""

    DEFAULT_CSS = "Log > Vertical { width: 100; } Log VerticalScroll { height: auto; max-height: 30; }"

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("log", "↑ ↓ scroll · esc close")
        self._lines = lines

    def body(self) -> ComposeResult:
        """All lines."""
        with VerticalScroll():
            yield Static(Content("\n".join(self._lines) or "nothing here yet"))

    def on_mount(self) -> None:
        """Begin at the newest line."""
        scroll = self.query_one(VerticalScroll)
        scroll.focus()
        scroll.scroll_end(animate=False)
