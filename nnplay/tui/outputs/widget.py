"""The widget that draws what the network answers, as the training thread has made it, and the cursor in it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from nnplay.explain.explanation import Subject
from nnplay.records.registry import find_records
from nnplay.tui.commands import actions
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.field import Element, Field, field_of, mark_cells, move_element
from nnplay.tui.panes.base import Pane
from nnplay.tui.widgets.cells import Cells, Row
from nnplay.views.view import Output, Shown


@functools.cache
def drawing_records() -> Mapping[type[Output], Drawing]:
    """The drawing of each class of output, out of the modules of `nnplay.tui.outputs.kinds`."""
    return {drawing.draws: drawing for drawing in find_records("nnplay.tui.outputs.kinds", Drawing)}


class Answer(Cells):
    """Draws an output of any kind; while an element is chosen it has the focus and a cursor.

    Attributes:
        element: what is under the cursor; None while there is none.
    """

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("elements")

    class Moved(Message):
        """The cursor is on another element."""

    class Left(Message):
        """No element is chosen any more."""

    @dataclass
    class Opened(Message):
        """More of the element under the cursor is wanted: a view, a place in it, and an item."""

        view: str
        place: str
        item: int

    class Asked(Message):
        """The element under the cursor is to be explained."""

    def __init__(self) -> None:
        super().__init__()
        self._output: Output | None = None
        self._shown = Shown()
        self.element: Element | None = None

    def show(self, output: Output | None, shown: Shown | None = None) -> None:
        """Draw this output; `shown` says which view it belongs to."""
        if output is self._output:
            return
        moved_on = type(output) is not type(self._output) or (shown is not None and shown.view != self._shown.view)
        self._output, self._shown = output, shown or Shown()
        if self.element is not None and (moved_on or field_of(self._fields(), self.element) is None):
            self.leave()
        self.redraw()

    @property
    def _drawing(self) -> Drawing | None:
        return None if self._output is None else drawing_records()[type(self._output)]

    def _fields(self) -> Sequence[Field]:
        drawing = self._drawing
        made = drawing.fields if drawing is not None else None
        return () if made is None or not all(self.size) else made(self._output, *self.size, self.look)

    @property
    def page(self) -> int:
        """How many items are on the screen at once."""
        drawing = self._drawing
        return 1 if drawing is None or drawing.count_shown is None else drawing.count_shown(self._output, *self.size)

    @property
    def subject(self) -> Subject | None:
        """What is selected in the output."""
        drawing = self._drawing
        return (
            None
            if drawing is None or drawing.subject is None
            else drawing.subject(self._output, self.element, self._shown)
        )

    @property
    def told(self) -> str:
        """The element under the cursor in a few words."""
        drawing = self._drawing
        if self.element is None or drawing is None or drawing.tell is None:
            return ""
        return drawing.tell(self._output, self.element)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The drawing that belongs to the output, and the cursor on it."""
        drawing = self._drawing
        if drawing is None:
            text = "predictions appear here"[:width]
            return [()] * (height // 2) + [((text.center(width), self.look.ink("dim")),)]
        rows = drawing.draw(self._output, width, height, self.look)
        if self.element is not None and drawing.fields is not None:
            field = field_of(drawing.fields(self._output, width, height, self.look), self.element)
            if field is not None:
                y, columns = field.cells_of(self.element)
                rows = [mark_cells(row, columns) if at == y else row for at, row in enumerate(rows)]
        return rows

    # -- the cursor ------------------------------------------------------------------------------------------------

    def begin(self, element: Element | None = None) -> bool:
        """Choose an element, by default the most telling one; returns whether there is any on the screen."""
        fields, drawing = self._fields(), self._drawing
        if not fields or drawing is None:
            return False
        if element is None and drawing.start is not None:
            element = drawing.start(self._output)
        if element is None or field_of(fields, element) is None:
            element = fields[0].element_at(fields[0].top, fields[0].left)
        self.can_focus = True
        self.screen.set_focus(self)  # now, not later: the next key may already wait
        self._choose(element)
        return True

    def leave(self) -> None:
        """No element is chosen; the pane has the focus again."""
        if self.has_focus:
            self.screen.set_focus(next((each for each in self.ancestors if isinstance(each, Pane)), None))
        self.element, self.can_focus = None, False
        self.redraw()
        self.post_message(self.Left())

    def _choose(self, element: Element | None) -> None:
        self.element = element
        self.redraw()
        self.post_message(self.Moved())

    def action_move_element(self, down: int, right: int) -> None:
        """The next element in a direction."""
        if self.element is not None:
            self._choose(move_element(self._fields(), self.element, down, right))

    def action_open_element(self) -> None:
        """More of the element: another view of it, or why it is as it is."""
        drawing = self._drawing
        if self.element is None or drawing is None:
            return
        wanted = drawing.opens(self._output, self.element, self._shown) if drawing.opens is not None else None
        self.post_message(self.Asked() if wanted is None else self.Opened(*wanted))

    def action_leave_elements(self) -> None:
        """Back to the whole view."""
        self.leave()

    def on_click(self, event: events.Click) -> None:
        """A click chooses the element under the mouse, two open it."""
        found = (field.element_at(event.y, event.x) for field in self._fields())
        element = next((each for each in found if each is not None), None)
        if element is None:
            if self.element is not None:
                self.leave()
            return
        event.stop()
        self.begin(element)
        if event.chain > 1:
            self.action_open_element()
