"""Where days stand in the year, the week and the day: what returns, which a count of days cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnplay import exact

_YEAR: Final = 365.2425
_WEEK: Final = 7.0
#: The first of January 2000, from which days are counted, was a Saturday: so many days after a Monday.
_FIRST_WEEKDAY: Final = 5
#: A round must come so many times before its parts are of use.
_ROUNDS: Final = 2
_FEWEST_WEEKS: Final = 3
_FEWEST_MONTHS: Final = 3


class CalendarPart(NamedTuple):
    """One circle of the calendar.

    Attributes:
        name: of the circle: "time of year", "weekday" or "time of day".
        different: the different places on it (K,), from 0 to below 1; NaN where there is no day.
        places: int32 (N,), which of them each row has.
    """

    name: str
    different: NDArray[np.float64]
    places: NDArray[np.int32]

    @property
    def turns(self) -> NDArray[np.float64]:
        """Where each row is on the circle (N,)."""
        return self.different[self.places]

    def inputs(self, column: str) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Sine and cosine (N,) with their names, so that the end of a circle is next to its beginning."""
        angle = 2 * np.pi * self.different
        yield f"{column}: {self.name} sin", exact.sin(angle)[self.places]
        yield f"{column}: {self.name} cos", exact.cos(angle)[self.places]


def calendar_parts(days: NDArray[np.float64]) -> list[CalendarPart]:
    """The circles that may tell something about days since 2000-01-01 (N,), NaN where there is none.

    The time of year where there are two years and more, and several months of them; the day of the week where there
    are three weeks and more, and the days are not all the first of a month or a quarter; the time of day where it
    differs.
    """
    different, places = _take_apart(days)
    known = different[~np.isnan(different)]
    if not known.size:
        return []
    whole, found = np.unique(np.floor(known)), []
    span = float(whole[-1] - whole[0])
    # Of monthly figures the last month of two years begins a month before their end.
    if span >= _ROUNDS * _YEAR - 31 and len(set(_dates(whole).astype("M8[M]").astype(np.int64) % 12)) >= _FEWEST_MONTHS:
        found.append(("time of year", np.mod(different, _YEAR) / _YEAR))
    if span >= _FEWEST_WEEKS * _WEEK and not _are_monthly(whole):
        found.append(("weekday", np.mod(np.floor(different) + _FIRST_WEEKDAY, _WEEK) / _WEEK))
    times = known - np.floor(known)
    if times.max() > times.min():
        found.append(("time of day", different - np.floor(different)))
    return [CalendarPart(name, turns, places) for name, turns in found]


def _take_apart(days: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The different days (K,), and which of them each (N,) is; without sorting where they are whole and close."""
    low, high = np.fmin.reduce(days), np.fmax.reduce(days)
    if not high - low <= len(days) or (days != np.floor(days))[~np.isnan(days)].any():
        different, places = np.unique(days, return_inverse=True)
        return different, places.astype(np.int32)
    steps = int(high - low) + 1
    offsets = np.where(np.isnan(days), steps, days - low).astype(np.int32)
    there = np.bincount(offsets, minlength=steps + 1) > 0
    place = np.cumsum(there, dtype=np.int32) - np.int32(1)
    every = np.append(low + np.arange(steps), np.nan)
    return every[there], place[offsets]


def _dates(days: NDArray[np.float64]) -> NDArray[np.datetime64]:
    return np.datetime64("2000-01-01") + days.astype(np.int64)


def _are_monthly(days: NDArray[np.float64]) -> bool:
    """Whether all have the same day of the month, or of the week, as figures of months, years and weeks do."""
    if not np.mod(days - days[0], _WEEK).any():
        return True
    dates = _dates(days)
    in_month = (dates - dates.astype("M8[M]").astype("M8[D]")).astype(np.int64)
    last = ((dates + 1).astype("M8[M]") > dates.astype("M8[M]")).all()
    return bool(last or (in_month == in_month[0]).all())
