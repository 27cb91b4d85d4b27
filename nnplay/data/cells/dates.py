"""Dates as people write them, read a column at a time: the order of day and month is found from all of its cells."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = r"(?P<month>[a-z]{3,9})\.?"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_TIME: Final = re.compile(
    r"(?P<date>.*?\d)(?:t| +|, *)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?"
    r" ?(?P<half>[ap]\.?m\.?)?(?: ?(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2}))?"
)
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})",
        rf"(?:[a-z]{{3,9}},? )?{_MONTH} {_DAY},? (?P<year>\d{{4}})",
        rf"(?:[a-z]{{3,9}},? )?{_DAY}\.?[ -]{_MONTH},?[ -](?P<year>\d{{4}}|\d{{2}})",
        rf"(?P<year>\d{{4}})[ -]{_MONTH}[ -]{_DAY}",
        r"(?P<year>\d{4})[-/m](?P<month>\d{1,2})",
        r"(?P<month>\d{1,2})/(?P<year>\d{4})",
        rf"{_MONTH},?[ -](?P<year>\d{{4}})",
        r"(?P<year>\d{4})[ -]?q(?P<quarter>[1-4])",
    )
)
_LONGEST: Final = 60
_SAMPLE: Final = 1000
_EARLY: Final = frozenset(range(1, 13))


class Dates(NamedTuple):
    """The dates of a column.

    Attributes:
        days: for each cell, days since 2000-01-01 with fractions for the time of day; None where it is no date.
        order: how days and months are told apart, in words; empty where they are written so that nobody can doubt it.
    """

    days: list[float | None]
    order: str


def read_dates(cells: Sequence[str]) -> Dates:
    """What each of `cells` is as a date; all are of one form, and one order of day and month holds for all."""
    forms = Counter(one.form for one in map(_Written.read, cells[:_SAMPLE]) if one is not None)
    usual = forms.most_common(1)[0][0] if forms else -1
    found = [one if (one := _Written.read(cell)) is not None and one.form == usual else None for cell in cells]
    pairs = [(int(one.fields["first"]), int(one.fields["second"])) for one in found if one and "first" in one.fields]
    day_first, order = _find_order(pairs, [one.fields["mark"] for one in found if one and "first" in one.fields])
    return Dates([None if one is None else one.days(day_first=day_first) for one in found], order)


def _find_order(pairs: Sequence[tuple[int, int]], marks: Sequence[str]) -> tuple[bool, str]:
    """Whether the day comes before the month, and what is said about it.

    A part above 12 is a day. Where there is none, the part that changes faster from row to row is the day, as rows
    mostly stand in the order of time; then points mean that the day comes first, and strokes the month.
    """
    if not pairs:
        return False, ""
    first_late = sum(first not in _EARLY for first, _ in pairs)
    second_late = sum(second not in _EARLY for _, second in pairs)
    if first_late != second_late:
        return first_late > second_late, "day before month" if first_late > second_late else "month before day"
    changes = [sum(a[part] != b[part] for a, b in itertools.pairwise(pairs)) for part in (0, 1)]
    day_first = changes[0] > changes[1] if changes[0] != changes[1] else "." in marks
    words = "the day is taken to come before the month" if day_first else "the month is taken to come before the day"
    return day_first, words


class _Written(NamedTuple):
    """The parts of one date, by name, its time of day, and which of the forms it has."""

    form: int
    fields: dict[str, str]
    time: timedelta

    @classmethod
    def read(cls, cell: str) -> _Written | None:
        if len(cell) > _LONGEST:
            return None
        text = " ".join(cell.lower().split())
        time = timedelta()
        if match := _TIME.fullmatch(text):
            text = match["date"].strip()
            if (clock := _read_clock(match)) is None:
                return None
            time = clock
        for place, form in enumerate(_FORMS):
            if match := form.fullmatch(text):
                return cls(place, {name: part for name, part in match.groupdict().items() if part is not None}, time)
        return None

    def days(self, *, day_first: bool) -> float | None:
        fields = self.fields
        if "first" in fields:
            first, second = int(fields["first"]), int(fields["second"])
            day, month = (first, second) if day_first else (second, first)
        else:
            day, month = int(fields.get("day", 1)), self._month()
        try:
            date = datetime(_full_year(fields["year"]), month, day, tzinfo=UTC)
        except ValueError:
            return None
        return (date - ORIGIN + self.time) / timedelta(days=1)

    def _month(self) -> int:
        if "quarter" in self.fields:
            return 3 * int(self.fields["quarter"]) - 2
        word = self.fields["month"]
        if word.isdigit():
            return int(word)
        return next((number for number, name in enumerate(_names(), 1) if name.startswith(word)), 0)


def _names() -> Iterator[str]:
    rest = ("uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember")
    return (short + more for short, more in zip(_MONTHS, rest, strict=True))


def _read_clock(match: re.Match[str]) -> timedelta | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), float(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    if hour > 24 or minute > 59 or second >= 61:
        return None
    zone = match["zone"] or ""
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) if zone[:1] in ("+", "-") and zone else timedelta()
    time = timedelta(hours=hour, minutes=minute, seconds=second)
    return time + ahead if zone.startswith("-") else time - ahead


def _full_year(year: str) -> int:
    """Two digits are a year from 1970 to 2069."""
    if len(year) == 4:
        return int(year)
    return int(year) + (1900 if int(year) >= 70 else 2000)
