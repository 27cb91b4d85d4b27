"""Axis limits that rarely move and ticks that read well: an axis that jumps repaints every row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_DIGITS, _MOST_DIGITS = 4, 16
_ACCURACY = 0.01
"""Share of the gap between two ticks by which the number of one may be off."""
_LEAST = 3
"""Ticks that an axis has at the least."""
_WITHIN_A_DECADE = ((1, 3), (1, 2, 5), range(1, 10))
"""Numbers between two powers of ten that a short logarithmic axis names, the fewest first."""
_ENDS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """A closed range of an axis."""

    low: float
    high: float

    def holds(self, low: float, high: float) -> bool:
        """Whether the range shows these data, and not in less than a quarter of itself."""
        return self.low <= low and high <= self.high and (high - low) >= 0.25 * (self.high - self.low)


def nice_step(span: float, wanted: int) -> float:
    """The round number (1, 2, 2.5 or 5 times a power of ten) that cuts `span` into at most `wanted` parts."""
    if span <= 0 or not math.isfinite(span):
        return 1.0
    rough = span / max(1, wanted)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((step * power for step in _STEPS if step * power >= rough * (1 - 1e-9)), 10 * power)


def nice(low: float, high: float, wanted: int = 4) -> Limits:
    """Round limits around data; a single value gets room on both sides."""
    if high <= low:
        room = abs(low) * 0.5 or 1.0
        low, high = low - room, high + room
    step = nice_step(high - low, wanted)
    return Limits(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step)


def nice_log(low: float, high: float) -> Limits:
    """Limits in powers of ten (as exponents) around positive data, at least one decade apart."""
    if low <= 0 or high <= 0:
        return Limits(-1.0, 0.0)
    bottom = math.floor(2 * math.log10(low) + 1e-9) / 2
    top = math.ceil(2 * math.log10(high) - 1e-9) / 2
    return Limits(bottom, top if top - bottom >= 1 else bottom + 1)


def sticky(old: Limits | None, low: float, high: float, *, log: bool = False) -> Limits:
    """The old limits while they still show the data well, else new round ones."""
    if log:
        new = nice_log(low, high)
        fits = old is not None and old.low <= new.low and new.high <= old.high
        return old if old is not None and fits and new.high - new.low >= 0.4 * (old.high - old.low) else new
    return old if old is not None and old.holds(low, high) else nice(low, high)


def growing(old: Limits | None, last: float, least: float = 10.0) -> Limits:
    """Limits from zero of a step axis that doubles when the run reaches its end; they reach to `least` at least."""
    if old is not None and last <= old.high and last >= 0.3 * old.high:
        return old
    step = nice_step(max(last, least) * 1.4, 1)
    return Limits(0.0, step)


def ended(last: float, least: float = 10.0) -> Limits:
    """Limits from zero of the step axis of a run that stands still: it fills most of the room, or that to `least`."""
    last = max(last, least)
    power = 10.0 ** math.floor(math.log10(last))
    return Limits(0.0, next(step * power for step in _ENDS if step * power >= last * (1 - 1e-9)))


def ticks(limits: Limits, wanted: int, *, log: bool = False) -> list[tuple[float, str]]:
    """Places and labels of ticks within the limits: some `wanted` + 1, at the least three, and no two labels equal.

    Args:
        log: the limits are exponents of ten, and so are the places.
    """
    if log:
        return _log_ticks(limits, wanted)
    places: list[float] = []
    for parts in range(max(2, wanted), max(2, wanted) + _LEAST + 1):
        step = nice_step(limits.high - limits.low, parts)
        first = math.ceil(limits.low / step - 1e-9)
        places = [index * step for index in range(first, math.floor(limits.high / step + 1e-9) + 1)]
        if len(places) >= _LEAST:
            break
    return list(zip(places, labels(places), strict=True))


def _log_ticks(limits: Limits, wanted: int) -> list[tuple[float, str]]:
    """Powers of ten as far apart as three of them allow; where there are no three, numbers between them too."""
    first, last = math.ceil(limits.low - 1e-9), math.floor(limits.high + 1e-9)
    if last - first + 1 >= _LEAST:
        every = min(max(1, math.ceil((last - first) / max(1, wanted))), (last - first) // (_LEAST - 1))
        values = [10.0**decade for decade in range(first, last + 1, every)]
        return [(math.log10(value), text) for value, text in zip(values, labels(values), strict=True)]
    for factors in _WITHIN_A_DECADE:
        found = [factor * 10.0**decade for decade in range(first - 1, last + 1) for factor in factors]
        values = [value for value in found if limits.low - 1e-9 <= math.log10(value) <= limits.high + 1e-9]
        if len(values) >= _LEAST:
            return [(math.log10(value), text) for value, text in zip(values, labels(values), strict=True)]
    return [(math.log10(value), text) for value, text in ticks(Limits(10.0**limits.low, 10.0**limits.high), wanted)]


def labels(values: Sequence[float]) -> list[str]:
    """The numbers of neighbouring ticks, `0.05`, `20k`, `1e-6`, with as many digits as it takes to tell them apart."""
    gap = min((b - a for a, b in pairwise(values)), default=math.inf)
    for digits in range(_DIGITS, _MOST_DIGITS):
        shown = [_rounded(value, digits) for value in values]
        if all(abs(near - value) <= _ACCURACY * gap for (near, _), value in zip(shown, values, strict=True)):
            break
    return [text for _, text in shown]


def _rounded(value: float, digits: int) -> tuple[float, str]:
    """A tick's number with so many significant digits, and how that is written."""
    size = abs(value)
    if size == 0:
        return 0.0, "0"
    if size < 0.001:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
        return float(text), text
    unit, letter = (1e6, "M") if size >= 1e6 else (1e3, "k") if size >= 1e4 else (1.0, "")
    text = f"{value / unit:.{digits}g}"
    return unit * float(text), text + letter
