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
        turns: (N,) from 0 to below 1; NaN where there is no day.
    """

    name: str
    turns: NDArray[np.float64]

    def inputs(self, column: str) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Sine and cosine (N,) with their names, so that the end of a circle is next to its beginning."""
        angle = 2 * np.pi * self.turns
        yield f"{column}: {self.name} sin", exact.sin(angle)
        yield f"{column}: {self.name} cos", exact.cos(angle)


def calendar_parts(days: NDArray[np.float64]) -> list[CalendarPart]:
    """The circles that may tell something about days since 2000-01-01 (N,), NaN where there is none.

    The time of year where there are two years and more, and several months of them; the day of the week where there
    are three weeks and more, and the days are not all the first of a month or a quarter; the time of day where it
    differs.
    """
    known = days[~np.isnan(days)]
    if not known.size:
        return []
    whole, found = np.floor(known), []
    span = float(whole.max() - whole.min())
    # Of monthly figures the last month of two years begins a month before their end.
    if span >= _ROUNDS * _YEAR - 31 and len(set(_dates(whole).astype("M8[M]").astype(np.int64) % 12)) >= _FEWEST_MONTHS:
        found.append(CalendarPart("time of year", np.mod(days, _YEAR) / _YEAR))
    if span >= _FEWEST_WEEKS * _WEEK and not _are_monthly(whole):
        found.append(CalendarPart("weekday", np.mod(np.floor(days) + _FIRST_WEEKDAY, _WEEK) / _WEEK))
    times = known - whole
    if times.max() > times.min():
        found.append(CalendarPart("time of day", days - np.floor(days)))
    return found


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
