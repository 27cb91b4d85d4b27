"""The training pane: loss, optimizer, learning rate and its schedule, penalties, seed, stop conditions."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.config import RunConfig
from nnplay.run.choices import Catalogue
from nnplay.tui.arrange import HEADINGS
from nnplay.tui.forms.entries import training_entries
from nnplay.tui.forms.entry import Entry
from nnplay.tui.panes.form_pane import FormPane


class TrainingPane(FormPane):
    """A form made from the records of loss, optimizer and schedule."""

    number, heading = HEADINGS["training"]

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(catalogue, id="training")

    def entries(self, settings: RunConfig) -> Sequence[Entry]:
        """What there is to set about the training."""
        return training_entries(settings, self._catalogue)
