"""Dates and numbers as people write them: each small file in `tables/` stands for a kind."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.data.cells.dates import read_dates
from nnplay.data.cells.written_numbers import read_written_numbers
from nnplay.errors import InputError
from tests.table_files import noted, read


@pytest.mark.parametrize("name", ["date_de", "date_us", "date_slash_iso", "date_iso"])
def test_dates_in_any_usual_form_are_days(name: str) -> None:
    """Days since 2000, whichever part comes first: the files name the same 60 days, written in four ways."""
    data = read(f"{name}.csv", target="y")
    iso = read("date_iso.csv", target="y")
    assert data.feature_names == ("d", "d: weekday sin", "d: weekday cos", "b")
    assert data.x[:, 0].tolist() == iso.x[:, 0].tolist()
    assert data.x[0, 0] == 7671.0
    assert noted(data, "column d: dates, as days since 2000-01-01")


def test_the_order_of_day_and_month_is_said() -> None:
    """Where it was found from the column the note says which it is, and whether it could only be supposed."""
    assert read("date_dmy_rep.csv", target="y").x[:2, 0].tolist() == [7671.0, 7672.0]
    assert noted(read("date_dmy_rep.csv", target="y"), "the day is taken to come before the month")
    assert noted(read("date_us.csv", target="y"), "month before day")
    assert noted(read("date_de.csv", target="y"), "day before month")
    assert not noted(read("date_iso.csv", target="y"), "before")


def test_a_day_that_no_month_has_is_named_with_its_row() -> None:
    """One bad date among many good ones is refused as one bad number is."""
    with pytest.raises(InputError, match=r"row 7, column 'd': '2021-02-30' is not a date"):
        read("date_feb30.csv", target="y")


@pytest.mark.parametrize(
    ("name", "mark"), [("date_zero", "0000-00-00"), ("date_word", "unknown"), ("date_iso_na", "NaT")]
)
def test_a_date_that_is_missing_is_missing(name: str, mark: str) -> None:
    """Marks for no date are found, named, and filled on request."""
    with pytest.raises(InputError, match=f"missing.*'{mark}'"):
        read(f"{name}.csv", target="y")
    data = read(f"{name}.csv", target="y", missing="mean")
    assert np.isnan(data.x[:, 0]).any()
    assert noted(data, f"'{mark}'")


def test_months_and_slashes_are_dates() -> None:
    """`1949-01` is the first day of its month, which has a time of year; `2010/01/01` a day, which has a weekday."""
    months, days = read("year_month.csv"), read("slash_dates.csv")
    assert months.feature_names == ("month", "month: time of year sin", "month: time of year cos")
    assert months.x[:3, 0].tolist() == [-18627.0, -18596.0, -18568.0]
    assert days.feature_names == ("day", "day: weekday sin", "day: weekday cos")
    assert days.x[:2, 0].tolist() == [3653.0, 3654.0]


def test_a_date_to_be_learned_is_a_number() -> None:
    """Days, not one class for each date."""
    data = read("date_target.csv")
    assert data.task == "regression"
    assert data.y[:2, 0].tolist() == [7305.0, 7306.0]
    assert noted(data, "target 'when': dates, as days")


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("Jan 1 2000", 0.0),
        ("January 2, 2000", 1.0),
        ("Mon, 3 Jan 2000", 2.0),
        ("1-Jan-2000", 0.0),
        ("1st Feb. 2000", 31.0),
        ("2000/02/01 18:00", 31.75),
        ("2000-01-01 3:00 PM", 0.625),
        ("12:00", None),
        ("2000-01-02T01:00:00+01:00", 1.0),
        ("1999-12-31 23:00:00-01:00", 0.0),
        ("20000131", 30.0),
        ("2000Q2", 91.0),
        ("02/2000", 31.0),
        ("Marble 1 2000", None),
        ("2000-13-01", None),
        ("2000-02-30", None),
        ("1.5", None),
    ],
)
def test_forms_of_dates(cell: str, day: float | None) -> None:
    """Names of months, times of day, zones, quarters; what is none stays none."""
    assert read_dates([cell]).days == [day]


def test_one_order_holds_for_the_whole_column() -> None:
    """The 13th tells for all: `1/2/2010` beside `13/2/2010` is the first of February."""
    assert read_dates(["1/2/2010", "13/2/2010"]).days == [3684.0, 3696.0]
    assert read_dates(["1/2/2010", "2/13/2010"]).days == [3654.0, 3696.0]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("usd", [0.0, 100.0]),
        ("usd_neg", [0.0, -100.0]),
        ("thou", [1000.0, 2000.0]),
        ("pct", [0.0, 1.0]),
        ("unicode_minus", [-30.0, -29.0]),
        ("nbsp", [1000.0, 1001.0]),
        ("kg", [0.0, 1.0]),
        ("eur", [0.0, 1.0]),
        ("acct_min", [0.0, 1.0]),
        ("fort", [1.5, 15.0]),
    ],
)
def test_numbers_in_other_writing_are_numbers(name: str, first: list[float]) -> None:
    """Money, per cent, thousands, units, other minus signs and exponents are one input, and the note shows how."""
    data = read(f"{name}.csv", target="y")
    assert (data.feature_names[0], data.feature_names[-1]) == ("x", "b")
    assert data.x[:2, 0].tolist() == first
    assert noted(data, "column x: numbers are written like", "read as")


def test_percent_and_money_are_two_inputs() -> None:
    """`44%` and `$4,145` are 44 and 4145."""
    data = read("percent.csv")
    assert data.x[0].tolist() == [44.0, 4145.0]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.234,5", "12,5"], [1234.5, 12.5]),
        (["1'234", "5"], [1234.0, 5.0]),
        (["($8.50)", "$2"], [-8.5, 2.0]),
        (["1,23,456"], [123456.0]),
        (["C1", "C2"], []),
        (["1st", "2nd"], []),
        (["$5", "€6"], []),
        (["0x10"], []),
        (["1_000"], []),
        (["12/5"], []),
        (["1,5"], []),
    ],
)
def test_what_is_a_number_and_what_is_not(cells: list[str], numbers: list[float]) -> None:
    """Both marks in one number settle the decimal comma; names, mixed currencies and other notations stay words."""
    assert list(read_written_numbers(cells, ".").values()) == numbers


def test_a_unit_at_some_numbers_only_makes_no_numbers_of_them() -> None:
    """`7 kg` among bare numbers may be anything; it is not guessed."""
    assert read_written_numbers(["5", "7 kg"], ".") == {"5": 5.0}
