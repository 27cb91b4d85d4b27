"""The scale of one column of a sweep: where its numbers lie from 0 to 1, and what stands beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnplay.sweeps.axis import Axis
from nnplay.sweeps.board import Floats, is_words, number_of
from nnplay.text import clean
from nnplay.tui.draw import axes
from nnplay.tui.draw.axes import Limits

#: Share of the numbers at the worse end of a score that may lie outside of its scale: one trial that went astray would
#: push all others together.
_OUTSIDE: Final = 0.02
#: Listed numbers that differ by so many times are shown by their logarithm.
_WIDE: Final = 50.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers of one column, or words by their places.

    Attributes:
        low, high: the ends; exponents of ten where `log`.
        log: logarithmic.
        words: all values, where these are words.
    """

    low: float
    high: float
    log: bool = False
    words: tuple[str, ...] = ()

    def shares(self, values: Floats) -> Floats:
        """Where numbers (N) lie from 0 to 1, those outside at the ends; not a number where there is no place."""
        shown = np.log10(np.where(values > 0, values, np.nan)) if self.log else values
        return np.asarray(np.clip((shown - self.low) / ((self.high - self.low) or 1.0), 0.0, 1.0))

    def ticks(self, wanted: int) -> list[tuple[float, str]]:
        """Places from 0 to 1 and what stands there."""
        if self.words:
            last = max(1, len(self.words) - 1)
            return [(place / last, word) for place, word in enumerate(self.words)]
        span = (self.high - self.low) or 1.0
        found = axes.ticks(Limits(self.low, self.high), wanted, log=self.log)
        return [((place - self.low) / span, text) for place, text in found]

    @property
    def ends(self) -> tuple[str, str]:
        """What stands at the lower and the upper end."""
        if self.words:
            return self.words[0], self.words[-1]
        low, high = (10.0**end if self.log else end for end in (self.low, self.high))
        return f"{low:.3g}", f"{high:.3g}"


def scale_of_axis(axis: Axis) -> Scale:
    """The scale of a setting: all that it may be, whatever was tried so far."""
    if is_words(axis):
        return Scale(0.0, max(1.0, len(axis.values) - 1.0), words=tuple(clean(value, 20) for value in axis.values))
    ends = [number_of(axis, value) for value in axis.values] if axis.values else [axis.low, axis.high]
    low, high = min(ends), max(ends)
    log = axis.log or bool(axis.values and low > 0 and high >= _WIDE * low)
    return _between(low, high, log)


def scale_of_scores(values: Floats, log: bool, maximise: bool | None = None) -> Scale:
    """The scale of a score: all numbers that there are, but for the worst few of one that is good or bad.

    Args:
        maximise: whether larger is better; None where neither end is worse.
    """
    finite = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not len(finite):
        return Scale(0.0, 1.0)
    ordered: Sequence[float] = np.sort(finite).tolist()
    out = int(_OUTSIDE * len(ordered))
    low, high = out if maximise else 0, len(ordered) - 1 - (out if maximise is False else 0)
    return _between(ordered[low], ordered[high], log)


def _between(low: float, high: float, log: bool) -> Scale:
    if log:
        low, high = math.log10(low), math.log10(high)
    if high <= low:
        room = 0.5 if log else abs(low) * 0.5 or 1.0
        low, high = low - room, high + room
    return Scale(low, high, log)
