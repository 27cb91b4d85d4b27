"""The layers pane: the list editor, and the dialog that types a layer."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from nnplay.tui.arrange import HEADINGS
from nnplay.tui.contract import Backend, Ledger, Settings
from nnplay.tui.dialogs.layer import AskLayer
from nnplay.tui.editor import editor
from nnplay.tui.layer_list import LayerList
from nnplay.tui.panes.base import Pane


class LayersPane(Pane):
    """Edits the layers of the settings."""

    number, heading = HEADINGS["layers"]

    def __init__(self, backend: Backend) -> None:
        super().__init__(id="layers")
        self._backend = backend

    def compose(self) -> ComposeResult:
        """One list."""
        yield LayerList()

    def set_up(self, settings: Settings, ledger: Ledger) -> None:
        """Show the layers of these settings."""
        self.query_one(LayerList).show(ledger)

    def add(self) -> None:
        """Type a new layer after the chosen one."""
        layers = self.query_one(LayerList)
        layers.focus()
        self._ask(min(layers.cursor + (1 if layers.cursor < len(layers.texts) else 0), len(layers.texts)), new=True)

    @on(LayerList.Edit)
    def _edit(self, event: LayerList.Edit) -> None:
        self._ask(event.index, new=event.new)

    def _ask(self, index: int, *, new: bool) -> None:
        layers = self.query_one(LayerList)
        texts = layers.texts
        rest = texts[index:] if new else texts[index + 1 :]

        def preview(text: str) -> Ledger:
            return self._backend.ledger((*texts[:index], text, *rest))

        def answered(text: str | None) -> None:
            if text:
                layers.cursor = index
                editor(self).change(layers=(*texts[:index], text, *rest))

        title = "new layer" if new else f"layer {index + 1}"
        current = "" if new else texts[index]
        self.app.push_screen(AskLayer(title, current, self._backend.catalogue.layers, preview, index), answered)
