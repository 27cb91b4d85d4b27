"""The question before leaving a run, for the shell or for another run; asked only when something would be lost."""

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


class AskUnsaved(Dialog[Leave]):
    """Answers `save` (save and leave), `drop` (leave), or nothing (stay).

    Args:
        what: what is not saved, as a sentence.
        target: the name under which it would be saved.
        action: what happens next: "quit", "open b.nnplay".
        drop_key: the key that leaves without saving.
        kept: what becomes of the run then.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer('save')", "save first", show=False),
        Binding("d", "answer('drop')", "do not save", show=False),
    ]

    def __init__(self, what: str, target: str, action: str, drop_key: str = "d", kept: str = "") -> None:
        verb = action.partition(" ")[0]
        super().__init__(action, f"s save and {verb} · {drop_key} {verb} without saving · esc cancel")
        self._what, self._target, self._action, self._kept = what, target, action, kept

    def body(self) -> ComposeResult:
        """What would be lost, and the choices."""
        yield Static(Content(self._what), classes="lead")
        yield OptionList(
            Option(Content(f"save to {self._target} and {self._action}"), id="save"),
            Option(Content(f"{self._action} without saving{self._kept}"), id="drop"),
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


class AskQuit(AskUnsaved):
    """Asks before the program ends."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "answer('drop')", "quit without saving", show=False)]

    def __init__(self, what: str, target: str) -> None:
        super().__init__(what, target, "quit", "q")
