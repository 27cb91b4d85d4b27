"""The data pane: which examples, how noisy, how they are shared out, how many a batch."""

from __future__ import annotations

from textual.app import ComposeResult

from nnplay.tui.contract import Catalogue, Settings
from nnplay.tui.entries import data_entries
from nnplay.tui.form import Form
from nnplay.tui.panes.base import Pane


class DataPane(Pane):
    """A form made from the data set's record."""

    number = "1"
    heading = "Data"

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(id="data")
        self._catalogue = catalogue

    def compose(self) -> ComposeResult:
        """One form."""
        yield Form()

    def set_up(self, settings: Settings) -> None:
        """Fill the form."""
        self.query_one(Form).show(data_entries(settings, self._catalogue))
