"""What the screen of a sweep shows: which trials, in which order, and which one is under the cursor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.sweeps.board import TRAINED, Board, Floats, column_names, score_column
from nnplay.sweeps.objective import LARGER_IS_BETTER
from nnplay.sweeps.ranking import score_text, setting_text
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome
from nnplay.sweeps.trial_filter import TrialFilter
from nnplay.tui.sweep.scale import Scale, scale_of_axis, scale_of_scores

#: Share of the trials that stand out as the best, and how few and many these are.
_BEST: Final = 0.05
_FEWEST, _MOST = 3, 100


@dataclass(slots=True)
class ViewState:
    """What all views of a sweep share.

    Attributes:
        sweep: what was tried.
        board: what came of it so far.
        chosen: number of the trial under the cursor; the best one as long as nobody has chosen.
        sort: the column that sorts; empty for the rank.
        descending: whether the largest come first.
        x, y: columns of the scatter.
        log: whether scores are shown by their logarithm.
        filter: which trials the table has.
    """

    sweep: Sweep
    board: Board = field(default_factory=Board)
    chosen: int | None = None
    sort: str = ""
    descending: bool = False
    x: str = ""
    y: str = ""
    log: bool = False
    filter: TrialFilter = field(default_factory=TrialFilter)
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        goal = self.sweep.objectives[0]
        self.x, self.y = self.sweep.axes[0].name, self.goal
        self.log = not goal.maximise

    @property
    def goal(self) -> str:
        """The column of what is looked for."""
        return score_column(self.sweep, self.sweep.objectives[0].name)

    @property
    def columns(self) -> list[str]:
        """All columns that say something."""
        names = column_names(self.sweep)
        halves = len(self.board.outcomes) > 0 and bool(self.board.columns[TRAINED].any())
        return names if halves else names[:-1]

    def show(self, board: Board) -> None:
        """Takes over the newest board."""
        self.board = board
        self.rows = board.sorted_by(self.sort, self.descending)
        if not self.sort and self.descending:
            self.rows = self.rows[::-1]
        if self.filter.clauses:
            self.rows = self.rows[self.filter.mask(board)[self.rows]]

    @property
    def row(self) -> int | None:
        """The board's row of the trial under the cursor; None without a trial that passes the filter."""
        if not len(self.rows):
            return None
        found = np.flatnonzero(self.board.columns["trial"] == (-1 if self.chosen is None else self.chosen))
        if len(found) and (not self.filter.clauses or found[0] in self.rows):
            return int(found[0])
        return int(self.rows[0]) if self.filter.clauses else int(self.board.order[0])

    @property
    def outcome(self) -> Outcome | None:
        """The trial under the cursor."""
        return None if self.row is None else self.board.outcomes[self.row]

    @property
    def position(self) -> int:
        """Where the cursor is among the sorted rows."""
        return 0 if self.row is None else int(np.flatnonzero(self.rows == self.row)[0])

    def move(self, by: int) -> bool:
        """Moves the cursor along the sorted rows; returns whether it could."""
        if self.row is None:
            return False
        here = self.position
        there = min(max(0, here + by), len(self.rows) - 1)
        self.choose(there)
        return there != here

    def choose(self, position: int) -> None:
        """Puts the cursor on a sorted row."""
        self.chosen = self.board.outcomes[int(self.rows[position])].trial.number

    @property
    def best(self) -> NDArray[np.int64]:
        """Rows of the trials that stand out."""
        count = min(max(_FEWEST, round(_BEST * len(self.board.order))), _MOST)
        return np.array([row for row in self.board.order[:count] if self.board.outcomes[row].end == "done"], np.int64)

    def values(self, name: str) -> Floats:
        """The numbers of a column."""
        return self.board.columns[name] if self.board.columns else np.zeros(0)

    def scale(self, name: str) -> Scale:
        """The scale of a column."""
        axis = next((axis for axis in self.sweep.axes if axis.name == name), None)
        if axis is not None:
            return scale_of_axis(axis)
        maximise = LARGER_IS_BETTER.get(name.removesuffix(" score"))
        counts = maximise is None or name in ("parameters", "seconds")
        return scale_of_scores(self.values(name), self.log and not counts, None if counts else maximise)

    def text(self, row: int, name: str) -> str:
        """A value as people write it; where a trial came to no score, what became of it."""
        outcome = self.board.outcomes[row]
        if name in outcome.trial.settings:
            return setting_text(outcome.trial.settings[name])
        if name == "trial":
            return str(outcome.trial.number)
        if name == self.goal and outcome.end != "done":
            return outcome.end
        if name == TRAINED:
            return f"{outcome.trial.epochs:,}"
        return score_text(name.removesuffix(" score"), float(self.board.columns[name][row]))


def short_name(name: str) -> str:
    """A setting without its section, where a heading has little room: `lr`."""
    return name.rpartition(".")[2]
