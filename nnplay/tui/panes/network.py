"""The network pane: the graph, alive while it trains."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from textual.app import ComposeResult

from nnplay.config import RunConfig
from nnplay.data.features import FEATURES
from nnplay.network.summary import Ledger
from nnplay.run.snapshot import Snapshot
from nnplay.tui.arrange import HEADINGS
from nnplay.tui.backend import Backend
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.panes.base import Pane
from nnplay.tui.widgets.network_view import NetworkView

_SIDE = 12


class NetworkPane(Pane):
    """Neuron pictures and weights of the latest snapshot.

    Attributes:
        network: whose, of a run with several; empty: the run's own.
    """

    number, heading = HEADINGS["network"]
    slow = True

    def __init__(self, backend: Backend) -> None:
        super().__init__(id="network")
        self._backend = backend
        self._inputs: Mapping[tuple[int, int], Floats] = {}
        self.network = ""

    def compose(self) -> ComposeResult:
        """One view."""
        yield NetworkView()

    def set_up(self, settings: RunConfig, ledger: Ledger) -> None:
        """Draw the network that the settings describe."""
        self._ledger = ledger
        self._inputs = input_pictures(self._ledger.inputs)
        self.query_one(NetworkView).turn_to(self.network)
        self.show(self._backend.snapshot)

    def show(self, snapshot: Snapshot) -> None:
        """Draw weights and pictures."""
        view = self.query_one(NetworkView)
        if snapshot.network != self.network:  # the training thread has not yet looked at this one
            view.show(self._ledger, {}, {}, {})
            return
        pictures = {**self._inputs, **snapshot.neurons} if snapshot.neurons else snapshot.neurons
        view.show(self._ledger, snapshot.weights, pictures, snapshot.layers)

    @property
    def wants_layers(self) -> bool:
        """Whether the chain of layers is on the screen, which has pictures of them."""
        return self.display and self.query_one(NetworkView).is_chain

    def fold(self) -> bool:
        """Change between graph and chain of layers; returns whether the graph can be drawn at all."""
        view = self.query_one(NetworkView)
        before = view.is_chain
        view.folded = not view.folded
        view.redraw()
        return view.is_chain != before


def input_pictures(names: object) -> dict[tuple[int, int], Floats]:
    """What each input is over the plane: (-1, number) → picture, first row at the top; two plain inputs are x₁, x₂."""
    known = [str(name) for name in names] if isinstance(names, (list, tuple)) else []
    by_title = {feature.title: feature for feature in FEATURES.values()}
    features = [FEATURES.get(name) or by_title.get(name) for name in known]
    if len(known) == 2 and None in features:
        features = [FEATURES["x1"], FEATURES["x2"]]
    axis = np.linspace(-6, 6, _SIDE, dtype=np.float32)
    x, y = (part.ravel() for part in np.meshgrid(axis, -axis))
    return {
        (-1, number): feature.make(x, y).reshape(_SIDE, _SIDE)
        for number, feature in enumerate(features)
        if feature is not None
    }
