"""The map as a board on which points are set and erased, by keys and mouse."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from nnplay.tui.commands import actions
from nnplay.tui.draw.blocks import Marks
from nnplay.tui.draw.picture import Picture

_RIGHT_BUTTON = 3


class PointBoard(Picture):
    """A map; while points are drawn it has the focus and a cursor.

    Attributes:
        drawing: whether points are drawn.
        label: class of the next point that is set by enter or a click.
    """

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("drawing")

    class Set(Message):
        """A point is wanted at a place of the plane."""

        def __init__(self, x: float, y: float, label: int) -> None:
            super().__init__()
            self.x, self.y, self.label = x, y, label

    class Erased(Message):
        """The point nearest to a place is to go, if there is one within reach (in units of the two axes)."""

        def __init__(self, x: float, y: float, reach: tuple[float, float]) -> None:
            super().__init__()
            self.x, self.y, self.reach = x, y, reach

    class Left(Message):
        """No more points are drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawing = False
        self.label = 0
        self._cursor = (0.5, 0.5)  # shares of the width and height, so that it keeps its place when the size changes

    def begin(self) -> None:
        """Points are drawn from now on."""
        self.drawing = self.can_focus = True
        self.screen.set_focus(self)  # now, not later: the next key may already wait
        self.redraw()

    def end(self) -> None:
        """The map is only looked at again."""
        self.drawing = self.can_focus = False
        self.redraw()

    def _extra_marks(self, width: int, height: int) -> Marks:
        if not self.drawing:
            return {}
        column, line = self._cell(width, height)
        return {(line, column): (self.look.pick("+", "X"), self.look.palette.text)}

    def _cell(self, width: int, height: int) -> tuple[int, int]:
        return min(width - 1, int(self._cursor[0] * width)), min(height - 1, int(self._cursor[1] * height))

    def _place(self, column: int, line: int) -> tuple[float, float] | None:
        """The middle of a cell in the plane."""
        surface, (width, height) = self._surface, self.size
        if surface is None or not (0 <= column < width and 0 <= line < height):
            return None
        (x0, x1), (y0, y1) = surface.x_range, surface.y_range
        return x0 + (column + 0.5) / width * (x1 - x0), y1 - (line + 0.5) / height * (y1 - y0)

    def action_move(self, columns: int, lines: int) -> None:
        """The cursor goes so many cells."""
        width, height = self.size
        column, line = self._cell(width, height)
        column, line = min(max(0, column + columns), width - 1), min(max(0, line + lines), height - 1)
        self._cursor = ((column + 0.5) / max(1, width), (line + 0.5) / max(1, height))
        self.redraw()

    def action_put(self) -> None:
        """A point of the present class under the cursor."""
        self._put(*self._cell(*self.size))

    def action_put_of(self, label: int) -> None:
        """A point of a class under the cursor, and further ones of that class."""
        self.label = label
        self.action_put()

    def action_erase(self) -> None:
        """The point under the cursor, or right beside it, goes."""
        self._erase(*self._cell(*self.size))

    def action_leave(self) -> None:
        """No more points are drawn."""
        self.end()
        self.post_message(self.Left())

    def _put(self, column: int, line: int) -> None:
        if (place := self._place(column, line)) is not None:
            self.post_message(self.Set(*place, self.label))

    def _erase(self, column: int, line: int) -> None:
        surface, (width, height) = self._surface, self.size
        if surface is not None and (place := self._place(column, line)) is not None:
            (x0, x1), (y0, y1) = surface.x_range, surface.y_range
            self.post_message(self.Erased(*place, (2 * (x1 - x0) / width, 1.5 * (y1 - y0) / height)))

    async def on_key(self, event: events.Key) -> None:
        """A digit sets a point of that class."""
        if self.drawing and event.character is not None and event.character in "0123456789":
            event.stop()
            await self.app.run_action(f"put_of({event.character})", default_namespace=self)

    def on_click(self, event: events.Click) -> None:
        """The left button sets a point, the right one erases."""
        if not self.drawing:
            return
        event.stop()
        self.screen.set_focus(self)
        width, height = self.size
        self._cursor = ((event.x + 0.5) / max(1, width), (event.y + 0.5) / max(1, height))
        if event.button == _RIGHT_BUTTON:
            self._erase(event.x, event.y)
        else:
            self._put(event.x, event.y)
