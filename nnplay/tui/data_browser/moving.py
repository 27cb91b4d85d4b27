"""Keys of the data browser that move the cursor or turn to another view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integer
from nnplay.tui.data_browser.browser_view import BrowserView
from nnplay.tui.data_browser.place import Axis
from nnplay.tui.data_browser.views.batch import BATCH
from nnplay.tui.data_browser.views.classes import CLASSES
from nnplay.tui.data_browser.views.data_view import DataView
from nnplay.tui.data_browser.views.examples import EXAMPLES, has_examples
from nnplay.tui.data_browser.views.row import ROW
from nnplay.tui.data_browser.views.table import TABLE
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.screen import Picker, take_picked
from nnplay.tui.picker.shelf import Shelf

VIEWS = (TABLE, EXAMPLES, ROW, CLASSES, BATCH)
_NOUNS = {"row": "row", "column": "column", "line": "line", "batch": "batch of the epoch"}


class MoveActions:
    """Moves the cursor of a view.

    Args:
        body: has place and view.
        moved: called after every move.
        ask: opens a dialog, whose answer it hands on.
        say: tells why nothing moves.
    """

    def __init__(
        self,
        body: BrowserView,
        moved: Callable[[], None],
        ask: Callable[..., Any],
        say: Callable[..., None],
    ) -> None:
        self._body, self._moved, self._ask, self._say = body, moved, ask, say

    @property
    def views(self) -> Sequence[DataView]:
        """Those that suit the data; where rows are looked at one by one that comes first."""
        place = self._body.place
        if place is None:
            return ()
        suited = [view for view in VIEWS if view.suits(place.profile)]
        return sorted(suited, key=lambda view: view is not EXAMPLES) if has_examples(place.profile) else suited

    def turn(self, by: int) -> None:
        """The view after or before."""
        views = self.views
        if self._body.view in views:
            self.turn_to((views.index(self._body.view) + by) % len(views))

    def turn_to(self, number: int) -> None:
        """The view with this number."""
        views = self.views
        if number < len(views) and self._body.place is not None:
            self._body.place.line, self._body.place.stride = 0, 1
            self._body.show(self._body.place, views[number])
            self._moved()

    def move(self, across: int, down: int) -> None:
        """One step along the axes of the view; in a grid of examples a row of it down."""
        view, place = self._body.view, self._body.place
        if view is None or place is None:
            return
        axis, by = (view.across, across) if across else (view.down, down * place.stride)
        self._go(axis, by, "last" if across + down > 0 else "first")

    def move_page(self, by: int) -> None:
        """A page along."""
        if self._body.place is not None and self._body.view is not None:
            self._go(self._body.view.down, by * self._body.place.page, "last" if by > 0 else "first")

    def move_end(self, by: int) -> None:
        """To the first or the last."""
        if self._body.place is not None and self._body.view is not None:
            axis = self._body.view.down
            self._go(axis, by * self._body.place.count(axis), "last" if by > 0 else "first")

    def _go(self, axis: Axis, by: int, end: str) -> None:
        place = self._body.place
        if place is None:
            return
        if place.move(axis, by):
            if axis == "batch":
                place.line = 0
            self._say("")
            self._moved()
        else:
            self._say(f"this is the {end} {_NOUNS[axis]}")

    def ask_row(self) -> None:
        """Go to a row by its number."""
        place = self._body.place
        if place is None:
            return
        field = integer("row", REQUIRED, "number of a row", low=1, high=len(place.profile))
        self._ask(AskValue("go to row", field, ""), self._go_to_row)

    def _go_to_row(self, answer: str | None) -> None:
        place = self._body.place
        if answer and place is not None:
            try:
                row = int(integer("row", REQUIRED, "", low=1, high=len(place.profile)).read(answer)) - 1
            except InputError as error:
                self._say(error.message, error=True)
                return
            place.row = row
            self._moved()

    def find_column(self) -> None:
        """Go to a column by part of its name."""
        place = self._body.place
        if place is None:
            return
        choices = [
            Choice(str(number), column.name, note=f"{column.role} {column.kind}".strip())
            for number, column in enumerate(place.profile.columns)
        ]
        shelf = Shelf("columns", "go to a column", choices, self._go_to_column, current=str(place.column))
        self._ask(Picker([shelf]), take_picked)

    def _go_to_column(self, number: str) -> None:
        if self._body.place is not None:
            self._body.place.column = int(number)
            self._moved()
