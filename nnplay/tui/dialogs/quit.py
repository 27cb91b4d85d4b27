"""The question before leaving, asked only when something would be lost."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from nnplay.tui.dialogs.base import Dialog

Leave = Literal["save", "drop"]


class AskQuit(Dialog[Leave]):
    """Answers `save` (save and leave), `drop` (leave), or nothing (stay)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer('save')", "save and quit", show=False),
        Binding("q,d", "answer('drop')", "quit without saving", show=False),
    ]

    def __init__(self, what: str) -> None:
        super().__init__("quit", "s save and quit · q quit without saving · esc cancel")
        self._what = what

    def body(self) -> ComposeResult:
        """What would be lost, and the choices."""
        yield Static(Content(self._what), classes="lead")
        yield OptionList(
            Option("save and quit", id="save"),
            Option("quit without saving", id="drop"),
            Option("stay", id="stay"),
            markup=False,
        )

    def on_mount(self) -> None:
        """Enter alone saves."""
        self.query_one(OptionList).highlighted = 0

    def action_answer(self, answer: Leave) -> None:
        """Close with this answer."""
        self.dismiss(answer)

    @on(OptionList.OptionSelected)
    def _take_choice(self, event: OptionList.OptionSelected) -> None:
        answers: dict[str, Leave] = {"save": "save", "drop": "drop"}
        self.dismiss(answers.get(str(event.option.id)))
