"""The one-minute tour of the first start: five cards, left at any time."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from nnplay.tui.dialogs.base import Dialog

CARDS: tuple[tuple[str, str], ...] = (
    (
        "Watch it learn",
        "A small network is about to learn which points of a spiral are blue and which are orange.\n\n"
        "Press space after this tour. The picture on the right shows what the network answers at every place; "
        "the curves below it show how wrong it still is.",
    ),
    (
        "The network",
        "In the middle, every neuron is a small picture of what it answers. Lines are weights: blue is positive, "
        "orange is negative, bright is strong.\n\nBelow stands the list of layers. Add with a, edit with enter, "
        "make it wider with →.",
    ),
    (
        "Everything can be changed",
        "On the left: data, noise, batch size, loss, optimizer, learning rate. ↑ ↓ choose a line, ← → change it, enter "
        "types a value. Most of it works while the network trains.\n\nz takes a change back.",
    ),
    (
        "At your own pace",
        ". trains on one batch, , takes it back, > trains one epoch. + and - change the speed, down to one a second. "
        "r begins again from the same weights, R from others.",
    ),
    (
        "When you are lost",
        "? explains the pane you are in and its terms. : takes commands, ctrl+p searches them. tab and 1 to 6 move "
        "between panes, f gives one pane the whole screen. p offers experiments to start from.",
    ),
)


class Tour(Dialog[None]):
    """Shows the cards one after another."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right,space,l", "turn(1)", "next", show=False),
        Binding("left,h", "turn(-1)", "back", show=False),
    ]
    DEFAULT_CSS = "Tour #card { height: 7; }"

    def __init__(self) -> None:
        super().__init__("welcome to nnplay", "enter next · ← back · esc skip")
        self.card = 0

    def body(self) -> ComposeResult:
        """One card and the place in the tour."""
        yield Static(id="title")
        yield Static(id="card")

    def on_mount(self) -> None:
        """Show the first card."""
        self._show()

    def _show(self) -> None:
        title, text = CARDS[self.card]
        self.query_one("#title", Static).update(
            Content.assemble((title, "bold $accent"), (f"   {self.card + 1} of {len(CARDS)}\n", "$quiet"))
        )
        self.query_one("#card", Static).update(Content(text))

    def action_turn(self, by: int) -> None:
        """The next or last card; after the last one the tour ends."""
        if self.card + by >= len(CARDS):
            self.dismiss(None)
            return
        self.card = max(0, self.card + by)
        self._show()
