"""The widget that draws what the network answers, in the form that the training thread has made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnplay.tui.outputs import charts, tiles, words
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Cells, Row
from nnplay.views.answers import Output

_DRAWN: Mapping[str, Callable[[Any, int, int, Look], list[Row]]] = {
    "fit": charts.fitted,
    "scatter": charts.scatter,
    "series": charts.series,
    "images": tiles.images,
    "masks": tiles.masks,
    "pair": tiles.pair,
    "confusion": words.confusion,
    "tokens": words.tokens,
    "writing": words.writing,
}


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
        if self._output is None or self._output.kind != "images":
            return 1
        return tiles.page(self._output, *self.size)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The form that fits the task."""
        if self._output is None:
            text = "press space: its answers appear here"[:width]
            return [()] * (height // 2) + [((text.center(width), self.look.ink("dim")),)]
        return _DRAWN[self._output.kind](self._output, width, height, self.look)
