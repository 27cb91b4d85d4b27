"""Curves of other branches beside the run's own: "fork.40.lr.0.1" is a fork from step 40 with a rate of 0.1."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nnplay.text import clean
from nnplay.training.curves.history import BRANCH_PREFIX, Curve, History


@dataclass(frozen=True, slots=True)
class BranchCurve:
    """Another branch as the screen shows it.

    Attributes:
        words, step: what sets it apart ("lr 0.1"), and from which step on.
        losses: of its batches.
        done: how far it has come on its way, from 0 to 1.
    """

    words: str
    step: int
    losses: Curve
    done: float


def curve_name(step: int, words: str) -> str:
    """The name of the curve of a fork; made of characters that names of saved curves may have."""
    setting, _, value = " ".join(words.replace("=", " ").lower().split()).partition(" ")
    return f"{BRANCH_PREFIX}{step}.{_allowed(setting)}.{_allowed(value)}"


def parse_curve_name(name: str) -> tuple[int, str]:
    """Step and words of a fork, from the name of its curve."""
    step, _, words = name.removeprefix(BRANCH_PREFIX).partition(".")
    return int(step) if step.isdecimal() and len(step) < 19 else 0, clean(words.replace(".", " ", 1), 40)


def branch_title(words: str, step: int) -> str:
    """What a fork is called wherever it is shown."""
    return f"{words} from {step:,}"


def branch_curve_names(history: History) -> list[str]:
    """Names of the other branches' curves, the oldest first."""
    return [name for name in history.names() if name.startswith(BRANCH_PREFIX)]


def own_curves(history: History) -> History:
    """A copy of a branch's curves without those of others."""
    own = history.copy()
    for name in branch_curve_names(own):
        own.drop(name)
    return own


def _allowed(text: str) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "-", text.replace("+", ""))[:40]
