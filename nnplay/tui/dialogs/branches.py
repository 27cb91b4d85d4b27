"""The other branches of a run: how each compares with the present one, to be trained on from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from nnplay.text import figure
from nnplay.timeline.branch_curves import curve_name
from nnplay.training.curves.history import Curve
from nnplay.tui.picker.choice import plain_choices
from nnplay.tui.picker.screen import Picker
from nnplay.tui.picker.shelf import Shelf

_SIGNS: Final = "▁▂▃▄▅▆▇█"
#: Bars of the small curve of a branch.
_BARS: Final = 6
#: Share of the steps since the fork over which losses of batches are averaged.
_WINDOW: Final = 0.1


def branch_picker(
    branches: Sequence[tuple[str, str]], curves: Mapping[str, Curve], take: Callable[[str], None]
) -> Picker:
    """Offers the branches, each with how far it has come and how its loss compares with the present one's.

    Args:
        branches: which they are, and how far each has come.
        curves: those of the run, other branches' among them.
    """
    lead = "training continues on it; the current branch is kept"
    notes = [
        " · ".join(filter(None, (note, compare_losses(curves.get(_curve_of(words)), curves.get("loss")))))
        for words, note in branches
    ]
    choices = plain_choices([words for words, _ in branches], notes)
    return Picker([Shelf("branch", lead, choices, take)], title="continue from another branch")


def compare_losses(other: Curve | None, own: Curve | None) -> str:
    """The mean loss of batches at the end of another branch, that of the present run there, and all its losses as bars.

    Where the present run has not come so far, both are compared at its last step.
    """
    if other is None or own is None or not len(other) or not len(own):
        return ""
    first, last = int(other.steps[0]), int(min(other.steps[-1], own.steps[-1]))
    window = max(1.0, _WINDOW * (last - first))
    there, here = (_mean(curve, last - window, last) for curve in (other, own))
    if not np.isfinite(there) or not np.isfinite(here):
        return _bars(other)
    return f"loss {figure(there)}, here {figure(here)} at {last:,} {_bars(other)}"


def _curve_of(words: str) -> str:
    """The name of the curve of a branch, from what it is called for people."""
    setting, _, step = words.rpartition(" from step ")
    digits = step.replace(",", "")
    return curve_name(int(digits), setting) if digits.isdecimal() else ""


def _mean(curve: Curve, after: float, until: float) -> float:
    values = curve.last[(curve.steps > after) & (curve.steps <= until)].astype(np.float64)
    return float(values.mean()) if len(values) else float("nan")


def _bars(curve: Curve) -> str:
    """The curve in one row of text."""
    values = curve.last[np.isfinite(curve.last)].astype(np.float64)
    if not len(values):
        return ""
    means = [float(part.mean()) for part in np.array_split(values, min(_BARS, len(values)))]
    most = max(means) or 1.0
    return "".join(_SIGNS[min(len(_SIGNS) - 1, max(0, int(one / most * len(_SIGNS))))] for one in means)
