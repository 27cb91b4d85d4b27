"""The line at the top of the inspector: which step is walked, what is in force, how many guesses were right."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.inspector.messages import View
from nnplay.training.numbers import short
from nnplay.tui.widgets.cells import Cells, Row, Run, joined, row_width


class HeadLine(Cells):
    """Step, epoch, batch, learning rate; edits in force; guesses."""

    DEFAULT_CSS = "HeadLine { height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__(id="inspector-head")
        self._view: View | None = None
        self.guesses = ""

    def show(self, view: View) -> None:
        """Draw this view's numbers."""
        self._view = view
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """One row; what finds no room is left out, the least useful first."""
        view, look = self._view, self.look
        runs: list[Run] = [(" inspector ", look.ink("accent", bold=True))]
        if view is None:
            return [(*runs, ("waiting for the step to finish", look.ink("dim")))]
        past = " (next)" if view.step == view.latest else f" of {view.latest:,} taken"
        edits: list[Run] = [("  what if: ", look.ink("warning")), ("; ".join(view.overrides), look.ink("text"))]
        parts: list[list[Run]] = [
            [(" step ", look.ink("dim")), (f"{view.step + 1:,}", look.ink("strong"))],
            [(past, look.ink("warning"))],
            [(f"  row {view.at}/{len(view.rows)}", look.ink("text"))],
            edits if view.overrides else [],
            [(f"  {', '.join(view.held)}", look.ink("warning"))] if view.held else [],
            [("  branch ", look.ink("dim")), (view.branch, look.ink("text"))] if view.branch else [],
            [(f"  {self.guesses}", look.ink("accent"))] if self.guesses else [],
            [("  epoch ", look.ink("dim")), (f"{view.epoch + 1:,}", look.ink("strong"))],
            [("  batch ", look.ink("dim")), (f"{view.batch + 1:,}/{view.batches:,}", look.ink("strong"))],
            [(f"  {short('lr')} ", look.ink("dim")), (f"{view.lr:g}", look.ink("strong"))],
        ]
        for part in parts:
            if row_width(tuple(runs)) + row_width(tuple(part)) <= width:
                runs += part
        return [joined(runs)]
