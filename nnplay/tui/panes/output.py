"""The output pane: the decision surface, or whatever shows best what the network answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from textual.app import ComposeResult
from textual.content import Content

from nnplay.text import clean
from nnplay.tui.answer import Answer
from nnplay.tui.contract import Floats, Points, Snapshot
from nnplay.tui.panes.base import Pane
from nnplay.tui.picture import Picture

_MOST_PIXELS = 5000
"""More would cost the training thread time that the eye does not pay back."""


@dataclass(frozen=True, slots=True)
class NeuronSurface:
    """One neuron's answers, drawn as a surface without examples."""

    values: Floats
    low: float
    high: float
    classes: int = 0
    x_range: tuple[float, float] = (-6.0, 6.0)
    y_range: tuple[float, float] = (-6.0, 6.0)
    points: Points | None = None


class OutputPane(Pane, can_focus=True):
    """Shows the surface for two inputs, else the output view; or the neuron that is chosen in the network.

    Attributes:
        neuron: layer and unit of the neuron shown in place of the whole network's answer.
    """

    number = "4"
    heading = "Output"
    slow = True
    DEFAULT_CSS = "OutputPane { padding: 0; }"

    def __init__(self) -> None:
        super().__init__(id="output")
        self.neuron: tuple[int, int] | None = None
        self._neuron_name = ""

    def compose(self) -> ComposeResult:
        """Both pictures; one is shown."""
        yield Picture()
        yield Answer()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the newest answers."""
        picture, answer = self.query_one(Picture), self.query_one(Answer)
        neuron = snapshot.neurons.get(self.neuron) if self.neuron is not None else None
        picture.display = snapshot.surface is not None or neuron is not None
        answer.display = not picture.display
        self.border_title = Content(f"{self.number} {self.heading}{self._neuron_name if neuron is not None else ''}")
        if neuron is not None:
            bound = float(np.abs(np.nan_to_num(neuron)).max()) or 1.0
            picture.show(NeuronSurface(neuron, -bound, bound))
            self.border_subtitle = Content("esc in the network: whole answer")
        elif snapshot.surface is not None:
            picture.show(snapshot.surface)
            self._subtitle(picture)
        else:
            answer.show(snapshot.output)
            self.border_subtitle = ""

    def look_at(self, neuron: tuple[int, int] | None, name: str) -> None:
        """Show this neuron in place of the network's answer, or the latter again."""
        self.neuron, self._neuron_name = neuron, f": {clean(name, 24)}" if name else ""

    @property
    def wanted(self) -> tuple[int, int]:
        """Rows and columns of the surface that this pane has room for."""
        width, height = self.query_one(Picture).size if self.query_one(Picture).display else self.size
        rows, columns = max(2, 2 * height), max(2, width)
        share = min(1.0, (_MOST_PIXELS / (rows * columns)) ** 0.5)
        return max(2, int(rows * share)), max(2, int(columns * share))

    @property
    def held_out_points(self) -> bool:
        """Whether examples that are held out of training are drawn."""
        return self.query_one(Picture).held_out_points

    def toggle(self, what: str) -> None:
        """Switch `held_out_points` or `discrete` of the surface."""
        picture = self.query_one(Picture)
        setattr(picture, what, not getattr(picture, what))
        picture.redraw()
        self._subtitle(picture)

    def _subtitle(self, picture: Picture) -> None:
        look = picture.look
        training, held_out = (look.pick("●", "+/o"), look.pick("○", "+/o"))
        text = f"{training} training · {held_out} test" if picture.held_out_points else f"{training} training · t: test"
        self.border_subtitle = Content(text + (" · x: soft" if picture.discrete else ""))
