"""The views of a sweep in one widget, and the row of the trial under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from textual import events
from textual.message import Message

from nnplay.tui.sweep import charts, importance_bars, parallel, scatter, trial_table
from nnplay.tui.sweep.view_state import ViewState
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Cells, Row, fit

Drawing = Callable[[ViewState, int, int, Look], list[Row]]
#: The views in the order in which tab turns them.
VIEWS: Final[Mapping[str, Drawing]] = MappingProxyType(
    {
        "table": trial_table.draw,
        "best so far": charts.draw_best,
        "parallel": parallel.draw,
        "scatter": scatter.draw,
        "importance": importance_bars.draw,
        "curves": charts.draw_curves,
    }
)
_LEAST_WIDTH, _LEAST_HEIGHT = 20, 6


class SweepView(Cells):
    """Draws one view.

    Args:
        state: what is shown; drawn again whenever `redraw` is called.
    """

    class Chosen(Message):
        """A row of the table was clicked twice."""

    def __init__(self, state: ViewState) -> None:
        super().__init__(id="sweep-view")
        self._state = state
        self.name_of_view = next(iter(VIEWS))

    def turn(self, by: int) -> None:
        """Shows the next view, or the one before."""
        names = list(VIEWS)
        self.name_of_view = names[(names.index(self.name_of_view) + by) % len(names)]
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The present view."""
        if width < _LEAST_WIDTH or height < _LEAST_HEIGHT:
            return [(("too little room", self.look.ink("dim")),)]
        return VIEWS[self.name_of_view](self._state, width, height, self.look)

    def on_click(self, event: events.Click) -> None:
        """Choose the row of the table under the mouse; twice takes it."""
        if self.name_of_view != "table" or event.y < 1:
            return
        position = trial_table.first_row(self._state, self.size.height) + event.y - 1
        if position < len(self._state.rows):
            self._state.choose(position)
            self.redraw()
            if event.chain == 2:
                self.post_message(self.Chosen())


class TrialLine(Cells):
    """The trial under the cursor in one row: its settings and scores."""

    DEFAULT_CSS = "TrialLine { height: 1; }"

    def __init__(self) -> None:
        super().__init__(id="sweep-trial")
        self._words = ""

    def show(self, words: str) -> None:
        """Show these words."""
        self._words = words
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        return [((fit(f" {self._words}", width), self.look.ink("text")),)]
