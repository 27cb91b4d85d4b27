"""What the data and the training pane share: one form, and a note in the border of what lies above and below."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from nnplay.config import RunConfig
from nnplay.network.summary import Ledger
from nnplay.run.choices import Catalogue
from nnplay.tui.forms.entry import Entry
from nnplay.tui.forms.form import Form
from nnplay.tui.panes.base import Pane


class FormPane(Pane):
    """A form made from fields of records; subclasses say from which (`entries`)."""

    def hints(self, form: Form) -> Sequence[str]:
        """What the border says besides, where there is room."""
        return ()

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
        form = self.query_one(Form)
        above, below = form.hidden
        words = [f"{form.look.pick('↑', '^')} {above}" if above else ""]
        words.append(f"{form.look.pick('↓', 'v')} {below} more" if below else "")
        hidden = " ".join(word for word in words if word)
        parts, between = [hidden] if hidden else [], form.look.pick(" · ", " - ")
        for hint in self.hints(form):
            if len(between.join([*parts, hint])) <= self.size.width - 2:
                parts.append(hint)
        self.border_subtitle = Content(between.join(parts))

    def on_resize(self) -> None:
        """Count again."""
        self.call_after_refresh(self._count_hidden)
