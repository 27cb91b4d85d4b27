"""The runs of a session as a table with a cursor: what sets each apart, how far it is, and how good."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from rich.cells import cell_len
from textual import events
from textual.message import Message

from nnplay.run.runs.listed_run import ListedRun
from nnplay.run.runs.run_list import first_words
from nnplay.text import clean, figure, note_cut, percent
from nnplay.training.curves.history import Curve
from nnplay.tui.draw import curves
from nnplay.tui.widgets.cells import Cells, Row, Run, fit, joined

_WIDE: Final = {"loss curve": 12, "step": 8, "epochs": 7, "train loss": 10, "score": 16, "seconds": 7}
#: Columns that are left out first where there is no room.
_LAST: Final = ("epochs", "seconds", "train loss")
_BARS: Final = "▁▂▃▄▅▆▇█"
_ASCII_BARS: Final = "_.-=+*#@"
#: Cells that a run's title has at the least.
_LEAST_TITLE: Final = 24


class RunTable(Cells):
    """A row for each run; the one under the cursor stays under it when others come.

    Attributes:
        chosen: number of the run under the cursor.
    """

    DEFAULT_CSS = "RunTable { height: auto; }"

    class Chosen(Message):
        """A row was clicked twice."""

    def __init__(self) -> None:
        super().__init__(id="run-table")
        self._runs: Sequence[ListedRun] = ()
        self._shown: Sequence[int] = ()
        self._marked: Collection[int] = ()
        self._top = 0
        self.chosen = 0

    def show(self, runs: Sequence[ListedRun], shown: Sequence[int], marked: Collection[int]) -> None:
        """Draw these runs.

        Args:
            shown: numbers of those that are compared, in the order of their colours.
            marked: numbers of those that stay compared wherever the cursor is.
        """
        self._runs, self._shown, self._marked = runs, shown, marked
        self.redraw()

    def move(self, by: int) -> bool:
        """Moves the cursor; returns whether it could."""
        numbers = [run.number for run in self._runs]
        place = numbers.index(self.chosen) + by if self.chosen in numbers else 0
        if not 0 <= place < len(numbers):
            return False
        self.chosen = numbers[place]
        return True

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Heads, and as many runs as there is room for, the chosen one among them."""
        heads = dict(_WIDE)
        for name in _LAST:
            if width >= _LEAST_TITLE + 8 + sum(value + 2 for value in heads.values()):
                break
            heads.pop(name)
        room = max(12, width - 8 - sum(value + 2 for value in heads.values()))
        named = [(self._title(head), wide) for head, wide in heads.items()]
        titles = "".join(f"  {fit(title, wide).strip():>{wide}}" for title, wide in named)
        rows: list[Row] = [((f"   #    {fit('run', room)}{titles}", self.look.ink("dim")),)]
        place = next((at for at, run in enumerate(self._runs) if run.number == self.chosen), 0)
        seen = max(1, height - 1)
        self._top = max(0, min(max(min(self._top, place), place - seen + 1), len(self._runs) - seen))
        rows += [self._row(run, room, heads) for run in self._runs[self._top : self._top + seen]]
        return rows

    def _title(self, head: str) -> str:
        """A head; of the training loss as the header has it where it is a sum in every run."""
        sums = bool(self._runs) and all(run.config.players.has_sum for run in self._runs)
        return "train sum" if head == "train loss" and sums else head

    def _row(self, run: ListedRun, room: int, heads: dict[str, int]) -> Row:
        look, here = self.look, run.number == self.chosen
        ink = look.ink("accent", bold=True) if here else look.ink("text" if run.is_kept else "dim")
        place = self._shown.index(run.number) if run.number in self._shown else -1
        mark = look.pick("●", "*") if run.number in self._marked else " "
        title = _title(run)
        if cell_len(title) > room:
            note_cut(title)
        runs: list[Run] = [
            (f"{look.pick('▸', '>') if here else ' '}{run.number:>3}{mark}", ink),
            (f" {curves.glyph(place, look) if place >= 0 else ' '} ", look.series(max(0, place))),
            (fit(title, room), ink),
        ]
        bars = _ASCII_BARS if look.ascii else _BARS
        runs += [(f"  {_cell(run, head, wide, bars):>{wide}}", ink) for head, wide in heads.items()]
        return joined(runs)

    def on_click(self, event: events.Click) -> None:
        """Choose the row under the mouse; twice takes it."""
        place = event.y - 1 + self._top
        if event.y >= 1 and place < len(self._runs):
            self.chosen = self._runs[place].number
            self.post_message(self.Moved())
            if event.chain == 2:
                self.post_message(self.Chosen())

    class Moved(Message):
        """Another run is under the cursor."""


def _title(run: ListedRun) -> str:
    """The name, what sets the run apart, and what it came from."""
    label = run.label
    parts = (label.name, label.words or "first run", first_words(label), run.dropped)
    words = " · ".join(part for part in parts if part)
    return clean(f"{words} · now" if run.present else words, 200)


def _cell(run: ListedRun, head: str, wide: int, bars: str) -> str:
    if head == "loss curve":
        return sparkline(run.curves.get("loss"), wide, bars)
    if head == "step":
        return f"{run.latest:,}"
    if head == "epochs":
        return figure(run.epochs, 4) if run.epochs < 1e4 else f"{run.epochs:,.0f}"
    if head == "seconds":
        return f"{run.seconds:.2f}" if run.seconds < 1e4 else f"{run.seconds:,.0f}"
    if head == "train loss":
        value = run.last("train_loss")
        return "" if math.isnan(value) else figure(value, 4)
    name, value = run.score
    if not name:
        return ""
    shown = percent(value, 1) if name.endswith("accuracy") else figure(value, 4)
    if run.config.players:
        return f"{run.config.players.call_number(name, short=True)} {shown}"
    return f"{ {'validation_accuracy': 'accuracy', 'validation_loss': 'val.'}.get(name, 'train') } {shown}"


def sparkline(curve: Curve | None, wide: int, bars: str) -> str:
    """A curve in one row of text: means of equal parts, by their logarithm where all are positive."""
    values = np.zeros(0) if curve is None else curve.last[np.isfinite(curve.last)].astype(np.float64)
    if not len(values):
        return ""
    means = np.array([part.mean() for part in np.array_split(values, min(wide, len(values)))])
    means = np.log(means) if means.min() > 0 else means
    low, high = float(means.min()), float(means.max())
    places = (means - low) / (high - low) * (len(bars) - 1) if high > low else np.zeros(len(means))
    return "".join(bars[round(place)] for place in places.tolist())
