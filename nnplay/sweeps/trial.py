"""One trial of a sweep, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from nnplay.sweeps.axis import Value

#: What can come of a trial. Those that diverged or were refused are results too.
ENDS: Final = ("done", "diverged", "refused", "lost")


@dataclass(frozen=True, slots=True)
class Trial:
    """A run with some settings changed, for so many epochs.

    Attributes:
        number: from 0; one number may be trained several times, for more epochs each time.
        settings: the values that are changed, by the names of their settings.
        epochs: passes over the training rows; 0 as the run says.
    """

    number: int
    settings: Mapping[str, Value]
    epochs: int = 0

    @property
    def key(self) -> tuple[int, int]:
        """What no two trials of one sweep share."""
        return self.number, self.epochs


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial.

    Attributes:
        trial: which one.
        end: one of `ENDS`: trained to its end, to a number that is not finite, not possible at all, or given up since
            whatever trained it died again and again.
        scores: of the validation part (of the training part where there is none), and `parameters`.
        steps: steps taken.
        curve: some epochs with their validation loss.
        reason: why it was refused or lost, or ended before its last epoch.
        seconds: of training; measured, so the one thing that differs between machines.
    """

    trial: Trial
    end: str
    scores: Mapping[str, float] = field(default_factory=dict)
    steps: int = 0
    curve: tuple[tuple[int, float], ...] = ()
    reason: str = ""
    seconds: float = 0.0

    def score(self, name: str) -> float:
        """A score by its name; not a number where the trial has none."""
        if name == "seconds":
            return self.seconds
        return self.scores.get(name, math.nan) if self.end == "done" else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain values for one line of a results file."""
        trial = self.trial
        table: dict[str, Any] = {"trial": trial.number, "epochs": trial.epochs, "settings": dict(trial.settings)}
        table |= {"end": self.end, "scores": dict(self.scores), "steps": self.steps, "curve": self.curve}
        return table | ({"reason": self.reason} if self.reason else {}) | {"seconds": round(self.seconds, 6)}

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> Outcome:
        """The outcome that a line of a results file holds.

        Raises:
            KeyError, TypeError, ValueError: something is missing or of another kind.
        """
        trial = Trial(int(table["trial"]), dict(table["settings"]), int(table["epochs"]))
        if table["end"] not in ENDS:
            raise ValueError(table["end"])
        scores = {str(name): float(value) for name, value in table["scores"].items()}
        curve = tuple((int(epoch), float(loss)) for epoch, loss in table["curve"])
        more = (int(table["steps"]), curve, str(table.get("reason", "")), float(table["seconds"]))
        return Outcome(trial, str(table["end"]), scores, *more)
