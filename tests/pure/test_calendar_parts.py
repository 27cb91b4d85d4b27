"""The time of year, week and day of dates: where they are of use, and what they are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.data.columns.calendar_parts import calendar_parts


def days(*dates: str) -> NDArray[np.float64]:
    """Days since 2000-01-01; NaT is NaN."""
    found = np.array(dates, "M8[s]")
    made = (found - np.datetime64("2000-01-01", "s")) / np.timedelta64(1, "D")
    return np.where(np.isnat(found), np.nan, made)


def span(first: str, last: str, unit: str) -> NDArray[np.float64]:
    """All days, months, … from one to another."""
    return days(*np.arange(np.datetime64(first, unit), np.datetime64(last, unit)).astype("M8[s]").astype(str))


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (span("2020-01-01", "2020-01-15", "D"), []),
        (span("2020-01-01", "2020-03-01", "D"), ["weekday"]),
        (span("2020-01-01", "2023-01-01", "D"), ["time of year", "weekday"]),
        (span("2020-01", "2022-01", "M"), ["time of year"]),
        (span("2020-01", "2021-01", "M"), []),
        (span("1980", "2020", "Y"), []),
        (span("2020-02", "2022-03", "M") - 1, ["time of year"]),
        (span("2020-01-01", "2020-02-01", "W"), []),
        (span("2020-01-01T00", "2020-01-03T00", "h"), ["time of day"]),
        (days("NaT", "NaT"), []),
    ],
    ids=[
        "two weeks",
        "two months",
        "years",
        "months",
        "one year",
        "yearly",
        "ends of months",
        "weekly",
        "hours",
        "none",
    ],
)
def test_only_circles_that_come_again_are_inputs(found: NDArray[np.float64], wanted: list[str]) -> None:
    """Years of two and more, weeks of three and more unless they are figures of months or weeks, hours that differ."""
    assert [part.name for part in calendar_parts(found)] == wanted


def test_a_circle_is_turned_once() -> None:
    """Mondays are at 0, midnight is at 0 and noon at a half, new year is at 0 within a day; gaps stay gaps."""
    found = days("2024-01-01", "2024-07-01T12:00", "NaT", "2027-01-03", "2025-04-02")
    parts = {part.name: part.turns for part in calendar_parts(found)}
    np.testing.assert_allclose(parts["weekday"], [0, 0, np.nan, 6 / 7, 2 / 7])
    np.testing.assert_allclose(parts["time of day"], [0, 0.5, np.nan, 0, 0], atol=1e-9)
    np.testing.assert_allclose(parts["time of year"], [0, 0.5, np.nan, 2 / 365, 91 / 365], atol=0.004)


def test_the_end_of_a_circle_is_next_to_its_beginning() -> None:
    """Sine and cosine of Sunday and Monday are as far apart as those of Monday and Tuesday."""
    weekday = calendar_parts(span("2024-01-01", "2024-01-29", "D"))[0]
    names, points = zip(*weekday.inputs("day"), strict=True)
    assert names == ("day: weekday sin", "day: weekday cos")
    steps = np.hypot(*np.diff(np.stack(points), axis=1))
    np.testing.assert_allclose(steps, steps[0])
