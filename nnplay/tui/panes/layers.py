"""The layers pane: the list editor, and what can be put into it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.network.edit_layers import Path, changed, put
from nnplay.network.summary import Ledger
from nnplay.tui.arrange import HEADINGS
from nnplay.tui.backend import Backend
from nnplay.tui.forms.editor import editor, host
from nnplay.tui.panes.base import Pane
from nnplay.tui.picker.layer_shelf import LayerShelf, kind_of
from nnplay.tui.picker.screen import open_picker
from nnplay.tui.picker.shelves import layer_choices
from nnplay.tui.widgets.layer_list import LayerList


class LayersPane(Pane):
    """Edits the layers of the settings.

    Attributes:
        network: whose, of a run with several; empty: the run's own.
    """

    number, heading = HEADINGS["layers"]

    def __init__(self, backend: Backend) -> None:
        super().__init__(id="layers")
        self._backend = backend
        self.network = ""

    def compose(self) -> ComposeResult:
        """One list."""
        yield LayerList()

    def set_up(self, settings: RunConfig, ledger: Ledger) -> None:
        """Show the layers of these settings."""
        self.query_one(LayerList).show(ledger)

    def shelf(self) -> LayerShelf:
        """What can be put behind the layer under the cursor."""
        layers = self.query_one(LayerList)
        after = 1 if layers.item is not None else 0
        return self._shelf((*layers.path[:-1], layers.path[-1] + after), new=True)

    def _ledger(self, layers: Sequence[str]) -> Ledger:
        return self._backend.ledger(layers, self.network) if self.network else self._backend.ledger(layers)

    @on(LayerList.Edit)
    def _edit(self, event: LayerList.Edit) -> None:
        if event.new:
            host(self).picking.pick("layer")
        else:
            within = " in a block" if len(event.path) > 1 else ""
            open_picker(self.app, [self._shelf(event.path, new=False)], title=f"layer {event.path[0]}{within}")

    def _shelf(self, path: Path, *, new: bool) -> LayerShelf:
        layers = self.query_one(LayerList)
        texts = layers.texts

        def preview(text: str) -> Ledger:
            try:
                return self._ledger(changed(texts, path, put(text, new=new)))
            except InputError:  # within a block: the ledger says what is wrong with the text alone
                return self._ledger((*texts[: path[0]], text, *texts[path[0] + 1 :]))

        def take(text: str) -> None:
            editor(self).change_layers(changed(texts, path, put(text, new=new)))
            layers.go_to(path)

        within = " in a block" if len(path) > 1 else ""
        known = self._backend.catalogue.layers
        current = "" if new or layers.item is None else layers.item.line.text
        return LayerShelf(
            "layer",
            "one layer or several: linear 6, relu"
            if new
            else f"new text for layer {path[0]}{within}; several layers are fine: linear 6, relu",
            layer_choices(tuple(known)),
            take,
            current=kind_of(current),
            start=current,
            hint="linear 8, relu",
            known=known,
            preview=preview,
            place=path[0],
        )
