"""What the data and the training pane share: one form, and a note in the border of what lies above and below."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from nnplay.config import RunConfig
from nnplay.network.summary import Ledger
from nnplay.run.choices import Catalogue
from nnplay.tui.forms.entries import Entry
from nnplay.tui.forms.form import Form
from nnplay.tui.panes.base import Pane


class FormPane(Pane):
    """A form made from fields of records; subclasses say from which (`entries`)."""

    def __init__(self, catalogue: Catalogue, *, id: str) -> None:
        super().__init__(id=id)
        self._catalogue = catalogue

    def compose(self) -> ComposeResult:
        """One form."""
        yield Form()

    def entries(self, settings: RunConfig) -> Sequence[Entry]:
        """What the form shows."""
        return ()

    def set_up(self, settings: RunConfig, ledger: Ledger) -> None:
        """Fill the form."""
        self.query_one(Form).show(self.entries(settings))
        self.call_after_refresh(self._count_hidden)

    @on(Form.Moved)
    def _count_hidden(self) -> None:
        above, below = self.query_one(Form).hidden
        down = self.query_one(Form).look.pick("↓", "v")
        up = self.query_one(Form).look.pick("↑", "^")
        words = [f"{up} {above}" if above else "", f"{down} {below} more" if below else ""]
        self.border_subtitle = Content(" ".join(word for word in words if word))

    def on_resize(self) -> None:
        """Count again."""
        self.call_after_refresh(self._count_hidden)
