"""The `:` line at the bottom of the screen, with what may follow listed above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from nnplay.text import clean
from nnplay.tui.commands.completion import Candidate
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.widgets.cells import fit
from nnplay.tui.widgets.line_input import LineInput

_SHOWN = 8


class CommandLine(Dialog[str]):
    """Answers the typed line, or nothing. Tab and → complete, ↑ ↓ choose a candidate or an earlier line."""

    SCOPED_CSS: ClassVar[bool] = False  # for the rule with a class of the app
    DEFAULT_CSS = """
    CommandLine { align: center bottom; background: $background 20%; }
    CommandLine > Vertical { width: 100%; max-width: 100%; border: none; border-top: solid $accent; padding: 0 1; }
    CommandLine .keys { display: none; }
    .-ascii CommandLine > Vertical { border: none; border-top: ascii $accent; }
    """

    def __init__(self, complete: Callable[[str], Sequence[Candidate]], history: Sequence[str], start: str = "") -> None:
        super().__init__("", "")
        self._complete, self._history = complete, list(history)
        self._start = start
        self._candidates: list[Candidate] = []
        self._chosen = 0
        self._back = 0

    def body(self) -> ComposeResult:
        """Candidates above, input below."""
        yield Static(id="candidates")
        yield LineInput(placeholder="set lr 0.003 · layers linear 8, tanh · goto step 500 · tab completes")

    def on_mount(self) -> None:
        """List everything that can be typed."""
        self._put(self._start)
        self._list(self._start)

    @on(Input.Changed)
    def _list_candidates(self, event: Input.Changed) -> None:
        self._list(event.value)

    def _list(self, line: str) -> None:
        self._candidates = list(self._complete(line))
        self._chosen = 0
        self._show()

    def _show(self) -> None:
        first = max(0, self._chosen - _SHOWN + 1)
        shown = self._candidates[first : first + _SHOWN]
        parts: list[tuple[str, str]] = []
        room = max(0, self.size.width - 34)
        for index, candidate in enumerate(shown, first):
            style = "$accent bold" if index == self._chosen else "$text"
            parts += [(_padded(clean(candidate.line), 28), style), (f" {fit(clean(candidate.note), room)}\n", "$quiet")]
        text = Content.assemble(*parts)
        self.query_one("#candidates", Static).update(text[:-1] if parts else text)

    def on_key(self, event: events.Key) -> None:
        """Completion, choice and history."""
        if event.key in ("tab", "up", "down"):
            event.stop()
            event.prevent_default()
        if event.key == "tab" and self._candidates:
            self._put(self._candidates[self._chosen].line)
        elif event.key == "down" and self._candidates:
            self._chosen = (self._chosen + 1) % len(self._candidates)
            self._show()
        elif event.key == "up":
            self._up()

    def _up(self) -> None:
        if self._chosen > 0:
            self._chosen -= 1
            self._show()
        elif self._back < len(self._history):
            self._back += 1
            self._put(self._history[-self._back])

    def _put(self, line: str) -> None:
        box = self.query_one(Input)
        box.value = line
        box.cursor_position = len(line)

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        line = event.value.strip()
        if line and " " not in line and self._candidates and line not in [c.line.strip() for c in self._candidates]:
            line = self._candidates[self._chosen].line
        self.dismiss(line.strip() or None)


def _padded(text: str, width: int) -> str:
    """The text with spaces up to a column; a longer one stays whole."""
    return text + " " * (width - cell_len(text))
