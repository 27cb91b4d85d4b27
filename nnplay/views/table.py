"""The numbers of a view as a table, for programs that go on with them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

Value = str | int | float
_DIGITS = 9
"""Significant digits, which tell any two numbers of 32 bits apart."""


@dataclass(frozen=True, slots=True)
class Table:
    """Names of columns, and rows of as many values; NaN for what there is not."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Value]]


def to_csv(table: Table) -> str:
    """The table as CSV with a line of names; empty where a number is missing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_write(value) for value in row] for row in table.rows)
    return text.getvalue()


def ends(interval: Sequence[float] | None) -> tuple[float, float]:
    """The ends of an interval as two values; missing ones without it."""
    return (math.nan, math.nan) if interval is None else (float(interval[0]), float(interval[1]))


def _write(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    return "" if math.isnan(value) else f"{value:.{_DIGITS}g}"
