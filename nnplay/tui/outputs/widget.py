"""The widget that draws what the network answers, as the training thread has made it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from nnplay.explain.explanation import Subject
from nnplay.records.registry import find_records
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.widgets.cells import Cells, Row
from nnplay.views.view import Output


@functools.cache
def drawing_records() -> Mapping[type[Output], Drawing]:
    """The drawing of each class of output, out of the modules of `nnplay.tui.outputs.kinds`."""
    return {drawing.draws: drawing for drawing in find_records("nnplay.tui.outputs.kinds", Drawing)}


class Answer(Cells):
    """Draws an output of any kind."""

    def __init__(self) -> None:
        super().__init__()
        self._output: Output | None = None

    def show(self, output: Output | None) -> None:
        """Draw this output."""
        if output is not self._output:
            self._output = output
            self.redraw()

    @property
    def page(self) -> int:
        """How many items are on the screen at once."""
        count_shown = None if self._output is None else drawing_records()[type(self._output)].count_shown
        return 1 if count_shown is None else count_shown(self._output, *self.size)

    @property
    def subject(self) -> Subject | None:
        """What is selected in the output."""
        made = None if self._output is None else drawing_records()[type(self._output)].subject
        return None if made is None else made(self._output)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The drawing that belongs to the output."""
        if self._output is None:
            text = "predictions appear here"[:width]
            return [()] * (height // 2) + [((text.center(width), self.look.ink("dim")),)]
        return drawing_records()[type(self._output)].draw(self._output, width, height, self.look)
