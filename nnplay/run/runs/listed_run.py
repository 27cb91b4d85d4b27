"""One run of a session, as the list shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.run.undo import Side
from nnplay.timeline.branches import Branch, BranchLog
from nnplay.timeline.run_label import RunLabel
from nnplay.timeline.timeline import Timeline
from nnplay.training.curves.history import Curve
from nnplay.training.numbers import label
from nnplay.training.state.saved_checkpoint import SavedCheckpoint

#: What the curves of runs can be drawn against.
AXES: Final = ("step", "epoch", "seconds")


@dataclass(frozen=True, slots=True, eq=False)
class ListedRun:
    """A run at its newest step.

    Attributes:
        label: its number, name, words and parent.
        config: everything that was chosen, with the settings at its end.
        latest, seconds: steps of it so far, and their training time.
        batches: steps of an epoch.
        curves: by name.
        clock: seconds of training at some of the steps.
        timeline: where it lies; None where its past is not kept.
        branch: which branch of that; None for the one that the timeline stands on.
        side: where it was left, where another run has taken its place.
        present: it is the run on the screen.
    """

    label: RunLabel
    config: RunConfig
    latest: int
    seconds: float
    batches: int
    curves: Mapping[str, Curve]
    clock: Curve
    timeline: Timeline | None = None
    branch: Branch[BranchLog] | None = field(default=None, repr=False)
    side: Side | None = None
    present: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether it can be gone back to."""
        return self.timeline is not None or self.side is not None

    @property
    def dropped(self) -> str:
        """What of it is not kept any more, for the list; empty where all of it is."""
        if self.timeline is not None:
            return ""
        if self.side is None:
            return "curves only"
        kept = self.side.checkpoint
        last = self.latest if kept is None else kept.step if isinstance(kept, SavedCheckpoint) else kept.clock.step
        return "no past" if last >= self.latest else f"no past, goes on from step {last:,}"

    @property
    def number(self) -> int:
        """Its place in the list, from 1."""
        return self.label.number

    @property
    def title(self) -> str:
        """What it is called: its name, or else what sets it apart."""
        return self.label.name or self.label.words or "first run"

    @property
    def legend(self) -> str:
        """The same with its number: "3 lr 0.1 from step 40"."""
        return f"{self.number} {self.title}"

    @property
    def epochs(self) -> float:
        """Passes over the training rows so far."""
        return self.latest / max(1, self.batches)

    def last(self, name: str) -> float:
        """The newest value of a curve; not a number where it has none."""
        curve = self.curves.get(name)
        return float(curve.last[-1]) if curve is not None and len(curve) else math.nan

    def at(self, name: str, step: int) -> float:
        """The value that was known at a step: the newest one until then."""
        curve = self.curves.get(name)
        place = -1 if curve is None else int(np.searchsorted(np.asarray(curve.steps), step, side="right")) - 1
        return float(curve.last[place]) if curve is not None and place >= 0 else math.nan

    @property
    def is_game(self) -> bool:
        """Whether its own network tells real rows from made ones."""
        return self.config.players.target is not None

    def hides(self, name: str) -> bool:
        """Whether a number of it says nothing: how many real rows pass for real, in a game."""
        return self.is_game and name == "validation_accuracy"

    @property
    def score(self) -> tuple[str, float]:
        """What it is judged by, and its newest value: accuracy, or else the validation or training loss."""
        for name in ("validation_accuracy", "validation_loss", "train_loss", "loss"):
            if self.hides(name):
                continue
            if not math.isnan(value := self.last(name)):
                return name, value
        return "", math.nan

    def places(self, steps: NDArray[np.int64], axis: str) -> NDArray[np.float64]:
        """Where steps (N,) lie on an axis; seconds between two that were measured are spread evenly."""
        return place_steps(steps, axis, self.batches, self.clock, (self.latest, self.seconds))


def name_number(name: str, runs: Sequence[ListedRun]) -> str:
    """What a number of several runs is called: as in each of them, where they agree."""
    called = {run.config.players.call_number(name) for run in runs}
    return called.pop() if len(called) == 1 else label(name)


def place_steps(
    steps: NDArray[np.int64], axis: str, batches: int, clock: Curve, end: tuple[int, float]
) -> NDArray[np.float64]:
    """Where steps (N,) of a run lie on an axis.

    Args:
        axis: one of `AXES`.
        batches: steps of an epoch.
        clock: seconds of training at some of the steps.
        end: the newest step, and the seconds until then.
    """
    whole = np.asarray(steps, np.float64)
    if axis == "epoch":
        return whole / max(1, batches)
    if axis == "seconds":
        known, values = [0.0, *map(float, clock.steps)], [0.0, *map(float, clock.last)]
        if end[0] > known[-1]:
            known, values = [*known, float(end[0])], [*values, max(end[1], values[-1])]
        return np.interp(whole, known, values)
    return whole
