"""Tables as people write them: each small file in `tables/` stands for a kind, and is read as its owner means it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import nnplay as nn
from nnplay.data.catalogue import load_file
from nnplay.data.cells.dates import read_dates
from nnplay.data.cells.written_numbers import read_written_numbers
from nnplay.data.csv.csv_file import read_csv
from nnplay.data.dataset import Dataset
from nnplay.data.reading.table_source import read_kinds
from nnplay.errors import InputError

TABLES: Final = Path(__file__).parent / "tables"


def read(name: str, **options: Any) -> Dataset:
    """One of the small files."""
    return read_csv(TABLES / name, **options)


def noted(data: Dataset, *words: str) -> bool:
    """Whether one note has all the words."""
    return any(all(word in note for word in words) for note in data.notes)


def written(folder: Path, content: str, name: str = "table.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


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


def test_rows_that_r_names() -> None:
    """A header one name short is R's: the first column names the rows, and is left out."""
    data = read("r_write_table.csv", target="yield")
    assert len(data) == 40
    assert "row_name" not in data.feature_names
    assert data.y[0, 0] == 348.0
    assert noted(data, "one name short")
    assert noted(data, "left out, row numbers", "'row_name'")


def test_a_point_is_missing() -> None:
    """Stata's and SAS's mark is named, and the column stays one of numbers."""
    with pytest.raises(InputError, match=r"12 values are missing, the first one here: '\.' 12"):
        read("dot_missing.csv")
    data = read("dot_missing.csv", missing="mean")
    assert data.feature_names == ("x", "z")
    assert np.isnan(data.x[:, 0]).sum() == 12


def test_marks_are_named_each() -> None:
    """`NaN`, `-` and `inf` in one column are counted each."""
    with pytest.raises(InputError) as caught:
        read("inf_dash.csv")
    assert [mark for mark in ("'NaN'", "'-'", "'inf'") if mark not in caught.value.message] == []


def test_blanks_as_delimiter() -> None:
    """Columns apart by blanks are found, however many, tabs among them and blanks at the ends."""
    data = read("space.txt")
    assert (data.feature_names, data.class_names) == (("height", "weight"), ("f", "m"))
    assert noted(data, "delimiter: space")


def test_blanks_of_any_number(tmp_path: Path) -> None:
    """Runs of blanks and tabs are one gap; a header of R's may lack the name of the row names."""
    data = read_csv(written(tmp_path, 'a   y\n"r 1"  1 \t 2.5 \n"r 2" 4   3.5\n"r 3" 2 1.5\n'))
    assert data.feature_names == ("a",)
    assert data.x[:, 0].tolist() == [1.0, 4.0, 2.0]


def test_rows_without_a_target_go_alone() -> None:
    """They are left out and counted, and no other row is; a feature that is empty throughout is no reason to refuse."""
    circle, empty = read("missing_circle.csv"), read("mostly_empty_target.csv")
    assert (len(circle), circle.feature_names) == (30, ("a", "b"))
    assert noted(circle, "30 rows without a target left out")
    assert len(empty) == 40
    assert noted(empty, "360 rows without a target left out")


def test_a_name_is_no_target() -> None:
    """Words that all differ are refused as a target."""
    with pytest.raises(InputError, match=r"every value differs: is this a name\?"):
        read("name_target.csv")


def test_row_numbers_are_left_out(tmp_path: Path) -> None:
    """A column without a name that counts the rows is left out; its kind brings it back; a named one is an input."""
    data = read("row_number_leak.csv")
    assert data.feature_names == ("u", "v")
    assert noted(data, "left out, row numbers", "kinds={'column_1': 'number'}")
    assert read("row_number_leak.csv", kinds={"column_1": "number"}).feature_names == ("column_1", "u", "v")
    rows = "".join(f"{row},{row % 7 + 0.5}\n" for row in range(40))
    assert read_csv(written(tmp_path, f"time,y\n{rows}")).feature_names == ("time",)


@pytest.mark.parametrize(
    ("numbers", "left_out"),
    [
        ([row * row + 7 for row in range(40)], True),  # some rows of a longer table
        ([(row * 17 + 5) % 40 * 9 for row in range(40)], True),  # in another order
        ([1949 + row for row in range(40)], False),  # years
        ([row // 2 * row for row in range(40)], False),  # some come twice
    ],
)
def test_numbers_of_chosen_rows_are_left_out(numbers: list[int], left_out: bool, tmp_path: Path) -> None:
    """A column without a name whose whole numbers all differ, and do not go up evenly, only tells the rows apart."""
    rows = "".join(f"{number},{row % 7},{row % 9 + 0.5}\n" for row, number in enumerate(numbers))
    data = read_csv(written(tmp_path, f",a,y\n{rows}"))
    assert data.feature_names == (("a",) if left_out else ("column_1", "a"))
    assert noted(data, "left out, a different id in every row", "kinds={'column_1': 'number'}") == left_out


@pytest.mark.parametrize(("name", "left_out"), [("id", True), ("patient_id", True), ("userId", True), ("paid", False)])
def test_ids_are_left_out(name: str, left_out: bool, tmp_path: Path) -> None:
    """Whole numbers that all differ under the name of an id teach nothing; a name that only ends so is none."""
    rows = "".join(f"{7 * row % 41 + 100},{row % 5},{row % 7 + 0.5}\n" for row in range(40))
    data = read_csv(written(tmp_path, f"{name},b,y\n{rows}"))
    assert (name not in data.feature_names) == left_out


def test_a_count_is_a_number_and_can_be_classes() -> None:
    """Children are counted; the note says how they become classes."""
    data = read("age_int_small.csv")
    assert data.task == "regression"
    assert noted(data, "task='classification' for 15 classes")
    assert read("age_int_small.csv", task="classification").outputs == 15


def test_postal_codes_are_categories_and_can_be_numbers() -> None:
    """Few, repeated, of one width: codes; said, and switchable."""
    data = read("zip_codes.csv")
    assert len(data.feature_names) == 6
    assert noted(data, "'zip'", "codes", "kinds={'zip': 'number'}")
    assert read("zip_codes.csv", kinds={"zip": "number"}).feature_names == ("zip", "size")


@pytest.mark.parametrize("cells", [("01", "02", "12"), ("20095", "50667")])
def test_codes(cells: tuple[str, ...], tmp_path: Path) -> None:
    """Leading zeros, or five digits and more."""
    rows = "".join(f"{cells[row % len(cells)]},{row * 5 % 11 + 0.5}\n" for row in range(40))
    assert len(read_csv(written(tmp_path, f"a,y\n{rows}")).columns[0].categories) == len(cells)


@pytest.mark.parametrize("cells", [("1999", "2000"), ("18", "19", "42"), ("10000", "20000"), ("0", "1")])
def test_measures_of_one_width_are_numbers(cells: tuple[str, ...], tmp_path: Path) -> None:
    """Years, ages, round amounts and flags stay numbers."""
    rows = "".join(f"{cells[row % len(cells)]},{row * 5 % 11 + 0.5}\n" for row in range(40))
    assert read_csv(written(tmp_path, f"a,y\n{rows}")).feature_names == ("a",)


def test_class_codes_keep_their_digits() -> None:
    """13-digit codes are called as they stand in the file; those beyond 2^53 stay apart."""
    assert read("ean_class.csv").class_names == ("4006381333931", "4006381333932", "4006381333939")
    assert read("snow_class.csv").class_names == ("9007199254740992", "9007199254740993")
    assert read("three.csv").class_names == ("5", "9007199254740992", "9007199254740993")


def test_a_first_row_of_data_is_no_header() -> None:
    """Numbers beside words that come again below are data, and all rows are kept."""
    for name, rows in (("flowers_nohead.csv", 150), ("no_head_words.csv", 60)):
        data = read(name)
        assert len(data) == rows
        assert noted(data, "no header found")


def test_years_as_names_of_columns(tmp_path: Path) -> None:
    """Numbers beside words that do not come again are a header."""
    data = read_csv(written(tmp_path, "country,1990,2000\nde,1.5,2\nfr,2.5,3\nit,3,4.5\n"))
    assert data.target_names == ("2000",)


def test_signs_are_labels() -> None:
    """Beside `+` the `-` is a label, as a target and as an input; other marks are labels where one says so."""
    assert read("blood.csv").class_names == ("+", "-")
    assert noted(read("blood.csv"), "20 rows without a target left out: grade 20 ('?' 20)", "kinds=")
    assert read("blood.csv", kinds={"grade": "category"}).class_names == ("+", "-", "?")
    assert read("strand_f.csv").columns[0].categories == ("+", "-")


def test_namibia() -> None:
    """`NA` is a label where its column is said to be one of categories."""
    assert noted(read("namibia_target.csv", target="land"), "'NA' 20", "kinds={'land': 'category'}")
    data = read("namibia_target.csv", target="land", kinds={"land": "category"})
    assert (len(data), data.class_names) == (60, ("DE", "NA", "ZA"))


def test_rare_words_are_one_category(tmp_path: Path) -> None:
    """Of thousands of words the commonest hundred are kept, and the rest is one category."""
    rows = "".join(f"{'often' if row % 3 else f'w{row}'},{row % 7},{row % 5 + 0.5}\n" for row in range(6000))
    data = read_csv(written(tmp_path, f"word,b,y\n{rows}"))
    words = data.columns[0].categories
    assert len(words) == 101
    assert "often" in words
    assert words[-1] == "(other)"
    assert data.x[:, :101].sum() == 6000


def test_what_was_right_stays_right() -> None:
    """Truth values are two classes, and a target that occurs twice is told apart from its copy."""
    assert read("true_false.csv").class_names == ("False", "True")
    assert read("dup_target.csv").feature_names == ("x", "y_2")


def test_columns_are_identical_only_where_their_values_are(tmp_path: Path) -> None:
    """An age and its square determine each other; copies are identical, whatever their words."""
    data = read("square_identical.csv")
    assert noted(data, "'age' and 'agesq' determine each other")
    assert not noted(data, "identical")
    rows = "".join(f"{row % 4},{'abcd'[row % 4]},{'abcd'[row % 4]},{row % 7 + 0.5}\n" for row in range(40))
    data = read_csv(written(tmp_path, f"a,b,c,y\n{rows}"))
    assert noted(data, "'a' and 'b' determine each other")
    assert noted(data, "'a' and 'c' determine each other")
    same = read_csv(written(tmp_path, "b,c,y\nu,u,1.5\nv,v,2.5\nu,u,3\nv,v,1\n"))
    assert noted(same, "'b' and 'c' are identical")


def test_a_multiple_of_the_target_gives_it_away(tmp_path: Path) -> None:
    """A price in cents tells the price; one with an offset is for the user to judge."""
    rows = "".join(f"{row * 37 % 41 * 100 + 50},{row % 7},{row * 37 % 41 + 0.5}\n" for row in range(40))
    assert noted(read_csv(written(tmp_path, f"cents,b,price\n{rows}")), "'cents' gives the target 'price' away")


def test_a_column_with_a_comma_in_its_name_is_given_a_kind() -> None:
    """As text, among others, and as a table; a kind that there is not is still found out."""
    assert read_kinds("price, net=skip") == {"price, net": "skip"}
    assert read_kinds("b=number, price, net=skip,c=category") == {
        "b": "number",
        "price, net": "skip",
        "c": "category",
    }
    assert read_kinds("a=b=skip") == {"a=b": "skip"}
    assert read_kinds("age=nmber, id=skip") == {"age": "nmber", "id": "skip"}
    with pytest.raises(InputError, match="not of the form column=kind"):
        read_kinds("age")
    data = load_file(str(TABLES / "comma_name.csv"), {"target": "rent, gross", "kinds": read_kinds("price, net=skip")})
    assert (data.feature_names, data.target_names) == (("b",), ("rent, gross",))


def test_one_name_of_python_reads_every_kind_of_file(tmp_path: Path) -> None:
    """`nn.read_file` reads what the advice for a NumPy archive says that it does, and refuses options by name."""
    np.savez(tmp_path / "my.npz", x=np.arange(6.0).reshape(3, 2), y=np.array([0.5, 1.5, 2.5]))
    with pytest.raises(InputError, match=r"nnplay\.read_file"):
        nn.read_csv(tmp_path / "my.npz")
    assert nn.read_file(tmp_path / "my.npz").x.shape == (3, 2)
    table = nn.read_file(TABLES / "comma_name.csv", target=["rent, gross"], kinds={"price, net": "skip"})
    assert table.feature_names == ("b",)
    with pytest.raises(InputError, match=r"unknown option 'missng'.*missing"):
        nn.read_file(TABLES / "dot_missing.csv", missng="mean")


def test_words_for_nothing_among_numbers_are_missing(tmp_path: Path) -> None:
    """`n.d.` or `none` beside numbers is no category, however often; beside words it is one."""
    rows = "".join(
        f"{'n.d.' if row % 3 else row / 2},{'none' if row % 3 else 'wood'},{row % 7 + 0.5}\n" for row in range(60)
    )
    data = read_csv(written(tmp_path, f"a,b,y\n{rows}"), missing="mean")
    assert data.feature_names == ("a", "b=wood")
    assert np.isnan(data.x[:, 0]).sum() == 40
    assert noted(data, "a 40 ('n.d.' 40)")


@pytest.mark.parametrize(
    ("feature", "leaks"),
    [
        (lambda y: y * 1.1, True),
        (lambda y: np.round(y * 1.1, 2), True),
        (lambda y: 32 + 1.8 * y, True),
        (lambda y: -y, True),
        (lambda y: y + np.sin(7 * y), False),
        (lambda y: y**2, False),
    ],
    ids=["times", "rounded", "linear", "negative", "noisy", "square"],
)
def test_a_feature_that_is_the_target_in_other_units_is_a_leak(feature: Any, leaks: bool, tmp_path: Path) -> None:
    """Times a constant or plus one, rounded as prices are; what only goes with the target is none."""
    y = 100 * np.random.default_rng(0).random(60)
    lines = [f"{row % 7},{other!r},{wanted!r}" for row, (other, wanted) in enumerate(zip(feature(y), y, strict=True))]
    data = read_csv(written(tmp_path, "a,b,price\n" + "\n".join(lines).replace("np.float64(", "").replace(")", "")))
    assert noted(data, "'b' gives the target 'price' away (leak)") == leaks


def test_long_numbers_that_all_differ_are_ids_and_seconds_are_not(tmp_path: Path) -> None:
    """Telephone numbers tell rows apart; seconds since 1970 and the people of countries are measures."""
    random = np.random.default_rng(1)
    phones = random.choice(9 * 10**8, 40, replace=False) + 3 * 10**9
    people = random.choice(3 * 10**8, 40, replace=False) + 10**6
    rows = [
        f"{phone},{1_600_000_000 + 7 * row},{size},{row % 2}"
        for row, (phone, size) in enumerate(zip(phones, people, strict=True))
    ]
    data = read_csv(written(tmp_path, "phone,time,people,y\n" + "\n".join(rows)))
    assert data.feature_names == ("time", "people")
    assert noted(data, "id", "'phone'", "kinds={'phone': 'number'}")


def test_ids_that_come_again_are_names(tmp_path: Path) -> None:
    """A patient who is seen four times has a number that measures nothing; a count of ids stays a number."""
    path = tmp_path / "visits.csv"
    rows = [f"{patient},{visit},{patient % 7 + visit / 10}" for patient in range(11, 23) for visit in range(4)]
    path.write_text("patient_id,visits,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    data = nn.read_csv(path, target="y")
    assert [column.kind for column in data.columns] == ["one_hot", "number", "target"]
    assert noted(data, "column 'patient_id': ids that come again and again are read as names (kinds=")
    assert nn.read_csv(path, target="y", kinds={"patient_id": "number"}).feature_names == ("patient_id", "visits")


def test_a_long_tail_has_its_logarithm_beside_it(tmp_path: Path) -> None:
    """Of incomes, not of numbers around a mean, of gaps neither; the kind `number` leaves the numbers alone."""
    path, chance = tmp_path / "incomes.csv", np.random.default_rng(0)
    income, age = chance.lognormal(10, 1.5, 200), chance.normal(50, 5, 200)
    rows = [f"{'' if row == 7 else f'{income[row]:.2f}'},{age[row]:.1f},{row % 3}.5" for row in range(200)]
    path.write_text("income,age,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    data = nn.read_csv(path, target="y", missing="category")
    assert data.feature_names == ("income", "income: logarithm", "income missing", "age")
    assert np.isnan(data.x[7, :2]).all()
    known = np.arange(200) != 7
    np.testing.assert_allclose(data.x[known, 1], np.log(data.x[known, 0].astype(np.float64)), rtol=1e-6)
    assert noted(data, "column income: a few numbers are far larger than the others, so its logarithm is an input too")
    plain = nn.read_csv(path, target="y", missing="mean", kinds={"income": "number"})
    assert plain.feature_names == ("income", "age")
