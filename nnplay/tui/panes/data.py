"""The data pane: which examples, how noisy, how they are shared out, how many a batch."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.config import RunConfig
from nnplay.tui.arrange import HEADINGS
from nnplay.tui.backend import Backend
from nnplay.tui.forms.entries import data_entries
from nnplay.tui.forms.entry import Entry
from nnplay.tui.forms.form import Form
from nnplay.tui.panes.form_pane import FormPane


class DataPane(FormPane):
    """A form made from the data set's record."""

    number, heading = HEADINGS["data"]

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.catalogue, id="data")
        self._backend = backend

    def hints(self, form: Form) -> Sequence[str]:
        """The key of the data browser, and that enter gets other data."""
        chooses = form.entry is not None and form.entry.key == "data"
        return ("b browse", "enter choose") if chooses else ("b browse",)

    def entries(self, settings: RunConfig) -> Sequence[Entry]:
        """What there is to set about the data."""
        return data_entries(settings, self._catalogue, self._backend.columns(), self._backend.row_shape())
