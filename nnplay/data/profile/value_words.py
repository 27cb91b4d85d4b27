"""What values a column has, in a few words: the range of its numbers or dates, or its commonest words."""

from __future__ import annotations

from datetime import timedelta

from nnplay.data.cells.dates import ORIGIN
from nnplay.data.profile.columns import ColumnFacts, ProfiledColumn
from nnplay.text import clean, figure

_LISTED = 4


def describe_values(column: ProfiledColumn, facts: ColumnFacts) -> str:
    """As in "4.3 to 7.9", "1956-02-27 to 2020-05-05" or "setosa, versicolor, virginica"."""
    histogram = facts.histogram
    if histogram.words:
        more = ", …" if len(histogram.words) > _LISTED else ""
        return ", ".join(clean(word, 24) for word in histogram.words[:_LISTED]) + more
    if not histogram.counts:
        return "nothing"
    shown = _date if column.kind == "date" else _number
    low, high = shown(histogram.low), shown(histogram.high)
    return low if low == high else f"{low} to {high}"


def _number(value: float) -> str:
    return figure(value, 4)


def _date(days: float) -> str:
    try:
        return (ORIGIN + timedelta(days=days)).date().isoformat()
    except OverflowError:  # in no calendar
        return _number(days)
