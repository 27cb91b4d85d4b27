"""The body of the data browser: draws the view in force; the mouse chooses rows and columns, its wheel scrolls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from nnplay.tui.data_browser.place import Place
from nnplay.tui.data_browser.views.data_view import DataView
from nnplay.tui.widgets.cells import Cells, Row, wrap

_WHEEL = 3


class BrowserView(Cells):
    """Draws one view of one place; only rows that are seen are looked at."""

    DEFAULT_CSS = "BrowserView { height: 1fr; }"

    @dataclass
    class Moved(Message):
        """The mouse has moved the cursor."""

    def __init__(self) -> None:
        super().__init__(id="browser-view")
        self.place: Place | None = None
        self.view: DataView | None = None
        self.lack = "reading the data …"

    def show(self, place: Place | None, view: DataView | None, lack: str = "") -> None:
        """Draw this; `lack` stands there while there is nothing to draw."""
        self.place, self.view, self.lack = place, view, lack
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """What the view draws."""
        if self.place is None or self.view is None:
            return [((f" {line}", self.look.ink("dim")),) for line in wrap(self.lack, max(8, width - 2))]
        return self.view.draw(self.place, width, height, self.look)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there."""
        place, view = self.place, self.view
        if place is None or view is None:
            return
        for start, end, column in place.column_spots:
            if start <= event.x < end:
                place.column = column
        spot = place.row_spots[event.y] if event.y < len(place.row_spots) else None
        if spot is not None:
            setattr(place, view.down, spot)
        self.redraw()
        self.post_message(self.Moved())

    def _scroll(self, by: int) -> None:
        if self.place is not None and self.view is not None and self.place.move(self.view.down, by):
            self.redraw()
            self.post_message(self.Moved())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Some lines down."""
        event.stop()
        self._scroll(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Some lines up."""
        event.stop()
        self._scroll(-_WHEEL)
