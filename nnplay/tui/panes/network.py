"""The network pane: the graph, alive while it trains."""

from __future__ import annotations

from textual.app import ComposeResult

from nnplay.tui.contract import Backend, Settings, Snapshot
from nnplay.tui.network_view import NetworkView
from nnplay.tui.panes.base import Pane


class NetworkPane(Pane, can_focus=True):
    """Neuron pictures and weights of the latest snapshot."""

    number = "2"
    heading = "Network"
    slow = True

    def __init__(self, backend: Backend) -> None:
        super().__init__(id="network")
        self._backend = backend

    def compose(self) -> ComposeResult:
        """One view."""
        yield NetworkView()

    def set_up(self, settings: Settings) -> None:
        """Draw the network that the settings describe."""
        self._ledger = self._backend.ledger(settings.layers)
        self.border_subtitle = ""
        self.show(self._backend.snapshot)

    def show(self, snapshot: Snapshot) -> None:
        """Draw weights and pictures."""
        self.query_one(NetworkView).show(self._ledger, snapshot.weights, snapshot.neurons)
