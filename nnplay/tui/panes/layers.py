"""The layers pane: the list editor, and the dialog that types a layer."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.network.edit_layers import Path, changed, put
from nnplay.network.summary import Ledger
from nnplay.tui.arrange import HEADINGS
from nnplay.tui.backend import Backend
from nnplay.tui.dialogs.layer import AskLayer
from nnplay.tui.forms.editor import editor
from nnplay.tui.panes.base import Pane
from nnplay.tui.widgets.layer_list import LayerList


class LayersPane(Pane):
    """Edits the layers of the settings."""

    number, heading = HEADINGS["layers"]

    def __init__(self, backend: Backend) -> None:
        super().__init__(id="layers")
        self._backend = backend

    def compose(self) -> ComposeResult:
        """One list."""
        yield LayerList()

    def set_up(self, settings: RunConfig, ledger: Ledger) -> None:
        """Show the layers of these settings."""
        self.query_one(LayerList).show(ledger)

    def add(self) -> None:
        """Type a new layer after the chosen one."""
        layers = self.query_one(LayerList)
        layers.focus()
        after = 1 if layers.item is not None else 0
        self._ask((*layers.path[:-1], layers.path[-1] + after), new=True)

    @on(LayerList.Edit)
    def _edit(self, event: LayerList.Edit) -> None:
        self._ask(event.path, new=event.new)

    def _ask(self, path: Path, *, new: bool) -> None:
        layers = self.query_one(LayerList)
        texts = layers.texts

        def preview(text: str) -> Ledger:
            try:
                return self._backend.ledger(changed(texts, path, put(text, new=new)))
            except InputError:  # within a block: the ledger says what is wrong with the text alone
                return self._backend.ledger((*texts[: path[0]], text, *texts[path[0] + 1 :]))

        def take_answer(text: str | None) -> None:
            if text:
                editor(self).change(layers=changed(texts, path, put(text, new=new)))
                layers.go_to(path)

        title = "new layer" if new else f"layer {path[0]}"
        within = " in a block" if len(path) > 1 else ""
        current = "" if new or layers.item is None else layers.item.line.text
        self.app.push_screen(
            AskLayer(title + within, current, self._backend.catalogue.layers, preview, path[0]), take_answer
        )
