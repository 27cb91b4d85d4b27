"""The training pane: loss, optimizer with its own settings, seed."""

from __future__ import annotations

from textual.app import ComposeResult

from nnplay.tui.contract import Catalogue, Settings
from nnplay.tui.entries import training_entries
from nnplay.tui.form import Form
from nnplay.tui.panes.base import Pane


class TrainingPane(Pane):
    """A form made from the loss's and the optimizer's records."""

    number = "3"
    heading = "Training"

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(id="training")
        self._catalogue = catalogue

    def compose(self) -> ComposeResult:
        """One form."""
        yield Form()

    def set_up(self, settings: Settings) -> None:
        """Fill the form."""
        self.query_one(Form).show(training_entries(settings, self._catalogue))
