"""The dialog that picks several words out of a list."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.strip import Strip
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from nnplay.text import clean
from nnplay.tui.dialogs.base import Dialog


class Switches(SelectionList[int]):
    """Shows by a letter, not by colour alone, what is switched on."""

    def render_line(self, y: int) -> Strip:
        """The choice behind `[x]` or `[ ]`."""
        strip = super().render_line(y)
        place = self.scroll_offset.y + y
        if place >= self.option_count:
            return strip
        _, mark, _, *rest = strip
        on = self.get_option_at_index(place).value in self.selected
        return Strip([Segment("[x]" if on else "[ ]", mark.style), *rest])


class ChooseMany(Dialog[tuple[str, ...]]):
    """Answers a selection of `choices` in their order, or nothing."""

    def __init__(self, title: str, lead: str, choices: Sequence[str], current: Sequence[str]) -> None:
        super().__init__(title, "↑ ↓ move · space toggle · enter done · esc cancel")
        self._lead, self._choices, self._current = lead, list(choices), set(current)

    def body(self) -> ComposeResult:
        """Lead and a list of switches."""
        yield Static(Content(self._lead), classes="lead")
        yield Switches(
            *(
                Selection(Content(clean(choice)), index, choice in self._current)
                for index, choice in enumerate(self._choices)
            )
        )

    def on_key(self, event: events.Key) -> None:
        """Enter ends the dialog; space switches."""
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            chosen = set(self.query_one(SelectionList).selected)
            self.dismiss(tuple(choice for index, choice in enumerate(self._choices) if index in chosen))
