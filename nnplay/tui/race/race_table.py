"""The variants of a race from the first to the last, as a table with a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.message import Message

from nnplay.sweeps.race import VariantState, rank_variants
from nnplay.text import clean, figure, note_cut, percent
from nnplay.tui.draw import curves
from nnplay.tui.widgets.cells import Cells, Row, Run, fit, joined

_HEADS: Final = ("epoch", "loss", "accuracy", "line at", "parameters", "seconds")
_WITHOUT_CLASSES: Final = ("epoch", "loss", "line at", "parameters", "seconds")
#: Columns that are left out first where there is no room.
_LAST: Final = ("parameters", "seconds", "line at")


class RaceTable(Cells):
    """A row for each variant. The cursor is on whoever leads until it is moved; then it stays on its variant.

    Args:
        has_accuracy: whether there is an accuracy.
        has_curves: whether each variant has a curve of its own above, whose colour stands beside its name.
    """

    DEFAULT_CSS = "RaceTable { height: auto; }"

    class Chosen(Message):
        """A row was clicked twice."""

    def __init__(self, has_accuracy: bool, has_curves: bool) -> None:
        super().__init__(id="race-table")
        self._has_accuracy, self._has_curves = has_accuracy, has_curves
        self._states: Sequence[VariantState] = ()
        self._order: list[int] = []
        self._top = 0
        self.chosen = 0
        """Number of the variant under the cursor."""
        self.is_moved = False
        """Whether somebody chose it."""

    def show(self, states: Sequence[VariantState]) -> None:
        """Draw the newest states."""
        self._states, self._order = states, rank_variants(states, self._has_accuracy)
        if not self.is_moved and self._order:
            self.chosen = self._order[0]
        self.redraw()

    def move(self, by: int) -> bool:
        """Moves the cursor; returns whether it could."""
        place = self._order.index(self.chosen) + by if self._order else -1
        if not 0 <= place < len(self._order):
            return False
        self._choose(self._order[place])
        return True

    def _choose(self, number: int) -> None:
        self.chosen, self.is_moved = number, True
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Heads, and as many variants as there is room for, the chosen one among them."""
        heads = self._heads(width)
        wide = {head: max(len(head), 9) for head in heads}
        room = max(12, width - 6 - sum(value + 2 for value in wide.values()))
        title = "".join(f"  {head:>{wide[head]}}" for head in heads)
        rows: list[Row] = [((f"{'':<{room + 6}}{title}", self.look.ink("dim")),)]
        place = self._order.index(self.chosen) if self.chosen in self._order else 0
        seen = max(1, height - 1)
        self._top = max(min(self._top, place), place - seen + 1)
        for rank in range(self._top, min(len(self._order), self._top + seen)):
            rows.append(self._row(self._order[rank], rank, room, heads, wide))
        return rows

    def _heads(self, width: int) -> list[str]:
        heads = list(_HEADS if self._has_accuracy else _WITHOUT_CLASSES)
        for head in _LAST:
            if width < 40 + 10 * len(heads):
                heads.remove(head)
        return heads

    def _row(self, number: int, rank: int, room: int, heads: Sequence[str], wide: dict[str, int]) -> Row:
        state, look = self._states[number], self.look
        ink = look.ink("accent", bold=True) if number == self.chosen else look.ink("text")
        name = clean((state.fault and f"{state.name}: {state.fault}") or state.name, 300)
        if cell_len(name) > room:
            note_cut(name)
        sign = look.pick("▸", ">") if number == self.chosen else " "
        runs: list[Run] = [
            (f"{sign}{rank + 1:>2}", ink),
            (f" {curves.glyph(number, look) if self._has_curves else ' '} ", look.series(number)),
            (fit(name, room), look.ink("error") if state.fault else ink),
        ]
        runs += [(f"  {_cell(state, head):>{wide[head]}}", ink) for head in heads]
        return joined(runs)

    def on_click(self, event: events.Click) -> None:
        """Choose the row under the mouse; twice takes it."""
        rank = event.y - 1 + self._top
        if event.y - 1 >= 0 and rank < len(self._order):
            self._choose(self._order[rank])
            if event.chain == 2:
                self.post_message(self.Chosen())


def _cell(state: VariantState, head: str) -> str:
    if head == "epoch":
        return f"{state.epoch:,}"
    if head == "loss":
        return "" if state.loss != state.loss else figure(state.loss, 4)
    if head == "accuracy":
        return "" if state.accuracy != state.accuracy else percent(state.accuracy, 1)
    if head == "line at":
        return f"{state.crossed:,}" if state.crossed else "–"
    if head == "parameters":
        return f"{state.parameters:,}" if state.parameters else ""
    return f"{state.seconds:.2f}" if state.seconds else ""
