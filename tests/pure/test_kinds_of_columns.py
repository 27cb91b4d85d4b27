"""What a column is taken for: a name of its row, a code, a measure, a target, a leak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.data.catalogue import load_file
from nnplay.data.csv.csv_file import read_csv
from nnplay.data.reading.table_source import read_kinds
from nnplay.errors import InputError
from tests.table_files import TABLES, noted, read, written


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


def test_rare_words_are_one_category(tmp_path: Path) -> None:
    """Of thousands of words the commonest hundred are kept, and the rest is one category."""
    rows = "".join(f"{'often' if row % 3 else f'w{row}'},{row % 7},{row % 5 + 0.5}\n" for row in range(6000))
    data = read_csv(written(tmp_path, f"word,b,y\n{rows}"))
    words = data.columns[0].categories
    assert len(words) == 101
    assert "often" in words
    assert words[-1] == "(other)"
    assert data.x[:, :101].sum() == 6000


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
