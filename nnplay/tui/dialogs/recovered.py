"""The dialog that offers runs which ended without being saved: go on with one, open a copy, delete it, or later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from nnplay.errors import NnplayError
from nnplay.run.saving.recent import Recent
from nnplay.text import clean, counted
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.dialogs.open import note

Take = tuple[str, bool]
"""Path of the run, and whether only a copy is opened."""
_LEAD = "These runs ended without being saved. They stay here until you continue or delete them."


class Recovered(Dialog[Take]):
    """Answers which run to open, or nothing (later).

    Args:
        held: the runs, the newest first.
        discard: deletes one, by its path; returns what was done.
        older: how many are kept besides.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "open a copy", show=False),
        Binding("d,delete", "discard", "discard", show=False),
        Binding("y", "sure", "yes", show=False),
    ]
    DEFAULT_CSS = "Recovered > Vertical { width: 84; }"

    def __init__(self, held: Sequence[Recent], discard: Callable[[str], str], *, older: int = 0) -> None:
        super().__init__("recovered runs", "enter continue · c open a copy · d delete · esc later")
        self._held, self._discard = list(held), discard
        self._asked: Recent | None = None
        self._lead = _LEAD
        if older:
            self._lead += f" {counted(older, 'older one')} also kept: nnplay recover --all lists them."

    def body(self) -> ComposeResult:
        """Lead or question, list."""
        yield Static(Content(self._lead), classes="lead")
        yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill(0)

    def _fill(self, at: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(clean(note(item))) for item in self._held])
        options.highlighted = min(at, len(self._held) - 1)
        options.focus()

    @property
    def _chosen(self) -> Recent:
        return self._held[self.query_one(OptionList).highlighted or 0]

    def _say(self, words: str, style: str = "") -> None:
        self.query_one(".lead", Static).update(Content.styled(clean(words), style))

    @on(OptionList.OptionSelected)
    def _go_on(self) -> None:
        if self._asked is None:
            self.dismiss((self._chosen.path, False))

    @on(OptionList.OptionHighlighted)
    def _not_that(self) -> None:
        if self._asked is not None and self._asked is not self._chosen:
            self._asked = None
            self._say(self._lead)

    def action_copy(self) -> None:
        """Open a copy; the run stays here."""
        self.dismiss((self._chosen.path, True))

    def action_discard(self) -> None:
        """Ask whether to delete the run under the cursor."""
        self._asked = self._chosen
        self._say(f"Permanently delete {note(self._asked)}? y deletes it, esc keeps it", "$warning")

    def action_sure(self) -> None:
        """Delete what was asked about."""
        if self._asked is None:
            return
        doomed, self._asked = self._asked, None
        try:
            self._say(f"{self._discard(doomed.path)}: {note(doomed)}")
        except NnplayError as error:
            self._say(error.message, "$error")
            return
        at = self._held.index(doomed)
        self._held.remove(doomed)
        if self._held:
            self._fill(at)
        else:
            self.dismiss(None)

    def action_close(self) -> None:
        """Leave; or keep the run that was asked about."""
        if self._asked is None:
            super().action_close()
        else:
            self._asked = None
            self._say(self._lead)
