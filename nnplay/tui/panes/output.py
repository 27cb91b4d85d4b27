"""The output pane: the decision surface, or whatever shows best what the network answers."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content

from nnplay.tui.answer import Answer
from nnplay.tui.contract import Snapshot
from nnplay.tui.panes.base import Pane
from nnplay.tui.picture import Picture


class OutputPane(Pane, can_focus=True):
    """Shows the surface for two inputs, else the output view."""

    number = "4"
    heading = "Output"
    slow = True
    DEFAULT_CSS = "OutputPane { padding: 0; }"

    def __init__(self) -> None:
        super().__init__(id="output")

    def compose(self) -> ComposeResult:
        """Both pictures; one is shown."""
        yield Picture()
        yield Answer()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the newest answers."""
        picture, answer = self.query_one(Picture), self.query_one(Answer)
        picture.display = snapshot.surface is not None
        answer.display = not picture.display
        if snapshot.surface is not None:
            picture.show(snapshot.surface)
            self._subtitle(picture)
        else:
            answer.show(snapshot.output)
            self.border_subtitle = ""

    def toggle(self, what: str) -> None:
        """Switch `held_out_points` or `discrete` of the surface."""
        picture = self.query_one(Picture)
        setattr(picture, what, not getattr(picture, what))
        picture.redraw()
        self._subtitle(picture)

    def _subtitle(self, picture: Picture) -> None:
        look = picture.look
        training, held_out = (look.pick("●", "+/o"), look.pick("○", "+/o"))
        text = f"{training} training · {held_out} test"
        self.border_subtitle = Content(text if picture.held_out_points else f"{training} training · t: test")
