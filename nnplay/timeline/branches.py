"""Lines of a run: from some step on it went, or was tried, another way, and one may go back and forth between them.

A line beside the present one is kept as what comes after the last step that both have in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from nnplay.records.optimizer import Optimizer
from nnplay.timeline.change_log import Change
from nnplay.timeline.checkpoint_store import Moment
from nnplay.training import side_curves
from nnplay.training.history import History
from nnplay.training.settings import Setup

#: Lines beside the present one that are kept at the most.
MOST: Final = 5
#: Moments that are kept of a line that was left, besides those that no replay leads to.
_MOMENTS: Final = 6


@dataclass(slots=True, eq=False)
class Line:
    """Another line of a run.

    Attributes:
        words, step: what sets it apart ("lr 0.1"), and from which step on.
        branch, shared: the last step that it has in common with the present line, and how many changes.
        changes, moments: what comes after that; `Moment.made` counts from the beginning of the run.
        latest: how far it has come.
        history: its own curves, from the beginning of the run.
        seconds: of training so far.
        trained: it was the present line once; such a line is never let go for a new fork.
    """

    words: str
    step: int
    branch: int
    shared: int
    latest: int
    history: History
    changes: list[Change] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    seconds: float = 0.0
    trained: bool = False

    @property
    def name(self) -> str:
        """The name of its curve beside the present line's."""
        return side_curves.name_of(self.step, self.words)

    @property
    def told(self) -> str:
        """Which line it is, for people."""
        return f"{self.words} from step {self.step:,}"

    def common(self, moment: Moment) -> bool:
        """Whether a moment of the present line belongs to this one too."""
        return moment.step <= self.branch and moment.made <= self.shared

    def leaves_at(self, step: int, shared: int, changes: Sequence[Change], moments: Sequence[Moment]) -> Line:
        """The same line, which leaves the present one at a step that is no later than before.

        Args:
            changes, moments: of the present line.
        """
        if (self.branch, self.shared) <= (step, shared):
            return self
        between = [one for one in moments if self.common(one) and not (one.step <= step and one.made <= shared)]
        return replace(
            self,
            branch=step,
            shared=shared,
            changes=[*changes[shared : self.shared], *self.changes],
            moments=[*(one for one in between if one.pinned), *self.moments],
        )


def spare(lines: Sequence[Line]) -> list[Line]:
    """As many lines as are kept: the oldest forks give way first."""
    kept = list(lines)
    while len(kept) > MOST:
        kept.remove(next((line for line in kept if not line.trained), kept[0]))
    return kept


def few(moments: Sequence[Moment]) -> list[Moment]:
    """Those moments of a line that are kept when it is left: what no replay leads to, the last one, some between."""
    stride = max(1, len(moments) // _MOMENTS)
    return [moment for place, moment in enumerate(reversed(moments)) if moment.pinned or place % stride == 0][::-1]


def own_curves(history: History) -> History:
    """A line's curves without those of others."""
    own = history.copy()
    for name in own.names():
        if name.startswith(side_curves.PREFIX):
            own.drop(name)
    return own


def beside(line: Line, own: History, before: History, left: Line) -> History:
    """The curves of a line that is taken, with those of all others beside it.

    Args:
        own: the line's own.
        before: those of the line that was left, and of the others.
    """
    for name in before.names():
        if name.startswith(side_curves.PREFIX) and name != line.name:
            own.put(name, before[name])
    own.put(left.name, left.history["loss"].since(left.step))
    return own


def opposite(words: str, optimizer: Optimizer, setup: Setup) -> str:
    """What the run has where a fork has "lr 0.1": "lr 0.01"."""
    name = words.split()[0]
    if name == "optimizer":
        return f"optimizer {optimizer.record.name}"
    value = optimizer.values[name] if name in optimizer.values else getattr(setup, name, "")
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value or 'none'}"
