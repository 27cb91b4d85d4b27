"""The dialog that types one value, checked against its field while it is typed."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from nnplay.errors import InputError
from nnplay.fields import Field
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.forms.entries import read_split
from nnplay.tui.widgets.line_input import LineInput


class AskValue(Dialog[str]):
    """Answers the text of a legal value, or nothing."""

    def __init__(self, title: str, field: Field, current: str) -> None:
        super().__init__(title, "enter accept · esc cancel")
        self._field, self._current = field, current

    def body(self) -> ComposeResult:
        """Help, input, and what is wrong with it."""
        yield Static(Content(f"{self._field.help}: {self._field.range_text}"), classes="lead")
        yield LineInput(self._current)
        yield Static(id="problem")

    @property
    def problem(self) -> str:
        """Why the typed text cannot be taken, or an empty text."""
        value = self.query_one(Input).value
        try:
            read_split(value) if self._field.name == "split" else self._field.read(value)
        except InputError as error:
            return error.message
        return ""

    @on(Input.Changed)
    def _check(self) -> None:
        self.query_one("#problem", Static).update(Content.styled(self.problem, "$error"))

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        if not self.problem:
            self.dismiss(event.value)
