"""What is said of a data set that somebody looks at: columns, classes, one row as numbers, one batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnplay.data.catalogue import dataset_records, load_dataset, read_file
from nnplay.data.dataset import Dataset
from nnplay.data.profile.balance import OBJECTS, Balance, measure_balance, share_text
from nnplay.data.profile.batch import lay_out_batch
from nnplay.data.profile.columns import describe_columns
from nnplay.data.profile.histogram import Histogram, count_numbers, count_words, draw_bars
from nnplay.data.profile.profile import Profile
from nnplay.data.profile.row_numbers import CellNumbers, numbers_text, row_numbers
from nnplay.data.profile.value_words import describe_values

TABLE = "id,born,size,colour,sex,empty,y\n" + "".join(
    f"{i + 1},2000-01-{i % 28 + 1:02d},{'' if i % 10 == 3 else i / 4},{('red', 'green', 'blue')[i % 3]},"
    f"{'fm'[i % 2]},,{('yes', 'no', 'no')[i % 3]}\n"
    for i in range(60)
)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    data = read_file(path, missing="mean", target="y")
    return Profile(data, data.split())


def of(profile: Profile, name: str) -> int:
    return [column.name for column in profile.columns].index(name)


def test_every_column_of_a_table_has_a_role_and_a_kind(profile: Profile) -> None:
    """In the order of the table, also those that are left out."""
    assert [(column.name, column.role, column.kind) for column in profile.columns] == [
        ("id", "ignored", ""),
        ("born", "feature", "date"),
        ("size", "feature", "number"),
        ("colour", "feature", "words"),
        ("sex", "feature", "words"),
        ("empty", "ignored", ""),
        ("y", "target", "classes"),
    ]
    assert describe_columns(profile.columns) == "4 features, 1 target, 2 left out"
    assert profile.head == "t: 60 rows of 8 inputs, 2 classes"


@pytest.mark.parametrize(
    ("name", "missing", "distinct", "values"),
    [
        ("id", 0, 60, "1, 2, 3, 4, …"),
        ("born", 0, 28, "2000-01-01 to 2000-01-28"),
        ("size", 6, 54, "0 to 14.75"),
        ("colour", 0, 3, "blue, green, red"),
        ("sex", 0, 2, "f, m"),
        ("empty", 60, 0, "nothing"),
        ("y", 0, 2, "no, yes"),
    ],
)
def test_missing_and_distinct_values_are_counted(
    profile: Profile, name: str, missing: int, distinct: int, values: str
) -> None:
    """Of every column, whatever became of it."""
    column = profile.columns[of(profile, name)]
    assert profile.known_facts(column) is None
    facts = profile.facts(column)
    assert profile.known_facts(column) is facts
    assert (facts.missing, facts.distinct, describe_values(column, facts)) == (missing, distinct, values)
    assert sum(facts.histogram.counts) + facts.histogram.others == 60 - missing


def test_a_row_is_shown_as_it_was_written_as_numbers_and_as_the_network_gets_it(profile: Profile) -> None:
    """Each column with the way there in words; what the network gets is what the split has."""
    split = profile.split
    place = 5
    row = int(split.indices.train[place])
    cells = {cell.column.name: cell for cell in row_numbers(profile, row)}
    assert [number for cell in cells.values() if cell.column.role == "feature" for number in cell.given] == (
        split.train.x[place].tolist()
    )
    assert cells["id"].raw == str(row + 1)
    assert cells["id"].encoded == ()
    assert cells["id"].words == "left out: a different id in every row"
    assert cells["born"].raw == f"2000-01-{row % 28 + 1:02d}"
    assert cells["born"].encoded[0] == row % 28
    assert cells["born"].words.endswith("; and its weekday as sine and cosine")
    assert cells["born"].words.startswith("dates, as days since 2000-01-01; minus the mean, ")
    assert cells["colour"].encoded == tuple(float(word == cells["colour"].raw) for word in ("blue", "green", "red"))
    assert cells["colour"].words == "one-hot: 3 inputs, 1 for the word that is there and 0 for the others"
    assert cells["sex"].words == "1 for 'm', 0 for 'f'"
    assert cells["y"].words == "the number of its class: 0 no, 1 yes"
    assert cells["empty"].words == "left out: empty"


def test_a_missing_number_is_shown_as_missing_and_given_as_the_mean(profile: Profile) -> None:
    """The scaled mean is zero."""
    (size,) = (cell for cell in row_numbers(profile, 3) if cell.column.name == "size")
    assert (size.raw, numbers_text(size.encoded)) == ("", "missing")
    assert size.given == (pytest.approx(0.0, abs=1e-6),)
    assert "where it is missing" in size.words


@pytest.mark.parametrize(
    ("options", "name", "words"),
    [
        ({"encode": "ordinal"}, "colour", "the number of the word in a list of 3"),
        ({"missing": "category"}, "size", "another input is 1 where it is missing"),
        ({"kinds": {"size": "skip"}}, "size", "left out: by choice"),
        ({"target": "size", "missing": "drop"}, "size", "minus the mean, "),
    ],
)
def test_every_way_to_encode_is_said_in_words(tmp_path: Path, options: dict[str, str], name: str, words: str) -> None:
    """Options change what is said."""
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    data = read_file(path, **{"missing": "mean", "target": "y", **options})
    profile = Profile(data, data.split())
    assert words in profile.encoding(profile.columns[of(profile, name)])


@pytest.mark.parametrize("scale", ["standard", "minmax", "none"])
def test_scaling_is_said_with_the_numbers_that_are_used(scale: str) -> None:
    """Worked out by hand from the sentence, a row is what the network gets."""
    data = load_dataset("iris")
    profile = Profile(data, data.split(scale=scale))  # type: ignore[arg-type]
    column = profile.columns[0]
    words = profile.encoding(column)
    expected = {"standard": "minus the mean, ", "minmax": "minus the smallest, ", "none": "as it is"}
    assert words.startswith(expected[scale])
    cell = row_numbers(profile, 7)[0]
    offset, divisor = (float(part.split(",")[0]) for part in words.split(", ")[1::2]) if scale != "none" else (0.0, 1.0)
    assert cell.given[0] == pytest.approx((float(cell.raw) - offset) / divisor, abs=2e-3)


@pytest.mark.parametrize("name", [name for name in dataset_records() if name != "digits28"])
def test_every_built_in_set_can_be_looked_at(name: str) -> None:
    """Points, tables, pictures, waves and symbols."""
    samples = {"samples": 200} if any(field.name == "samples" for field in dataset_records()[name].fields) else {}
    data = load_dataset(name, **samples)
    profile = Profile(data, data.split())
    assert all(profile.facts(column).distinct > 0 for column in profile.columns)
    cells: tuple[CellNumbers, ...] = row_numbers(profile, len(data) - 1)
    assert all(cell.raw and cell.words for cell in cells)
    whole = {"classification": data.y.size, "regression": len(data), "detection": np.count_nonzero(data.y[..., 0])}
    assert sum(measure_balance(profile).totals) == whole[data.task]
    assert len(lay_out_batch(profile, 16).rows) == 16


def test_the_balance_counts_every_row_of_every_part() -> None:
    """Classes by name; a quantity in intervals that hold all of its values."""
    data = Dataset(np.arange(40.0), ["a"] * 30 + ["b"] * 10)
    profile = Profile(data, data.split(0.5, 0.25, 0.25))
    balance = measure_balance(profile)
    assert [(share.name, sum(share.rows)) for share in balance.shares] == [("a", 30), ("b", 10)]
    assert balance.totals == (20, 10, 10) == profile.part_rows
    quantity = Dataset(np.arange(41.0), np.linspace(0, 8, 41))
    shares = measure_balance(Profile(quantity, quantity.split())).shares
    assert [(share.name, sum(share.rows)) for share in shares][:2] == [("0 to 1", 5), ("1 to 2", 5)]
    assert sum(sum(share.rows) for share in shares) == 41
    constant = Dataset(np.arange(4.0), np.ones(4))
    assert len(measure_balance(Profile(constant, constant.split(1, 0, 0))).shares) == 1


def test_a_batch_has_the_rows_that_training_takes() -> None:
    """All batches of an epoch together have every training row once; the last one has what is left."""
    data = load_dataset("iris")
    profile = Profile(data, data.split())
    batches = [lay_out_batch(profile, 16, seed=3, epoch=2, number=number) for number in range(7)]
    assert [len(batch.rows) for batch in batches] == [16] * 6 + [8]
    assert all(batch.batches == 7 for batch in batches)
    assert sorted(np.concatenate([batch.rows for batch in batches])) == sorted(profile.split.indices.train)
    for batch in batches:
        assert (batch.x == profile.split.scaler.transform(data.x[batch.rows])).all()
        assert (batch.y == data.y[batch.rows]).all()
    in_order = lay_out_batch(profile, 16, shuffle=False)
    assert (in_order.rows == profile.split.indices.train[:16]).all()
    assert lay_out_batch(profile, 10**6).batches == 1


def test_bars_show_every_bin_that_has_a_row() -> None:
    """The commonest reaches the top, a single row is seen beside a million, and only an empty bin has no bar."""
    histogram = Histogram((1_000_000, 0, 1))
    assert draw_bars(histogram, 3) == "█ ▁"
    assert draw_bars(histogram, 3, ascii=True) == "@ ."
    assert draw_bars(count_numbers(np.arange(96.0)), 12) == "█" * 12
    assert draw_bars(count_words(["a", "b"], [1, 2]), 9) == "█▄"
    assert draw_bars(Histogram(()), 5) == ""
    assert sum(count_numbers(np.array([np.nan, 1.0, 2.0, np.inf])).counts) == 2
    assert sum(count_numbers(np.array([-1.7e308, 1.7e308])).counts) == 2
    words = count_words([str(place) for place in range(100)], list(range(100)))
    assert words.words[0] == "99"
    assert sum(words.counts) + words.others == sum(range(100))


def test_a_text_is_shown_as_its_tokens(tmp_path: Path) -> None:
    """Not as the numbers that stand for them: in the columns, in a row, and where classes are counted."""
    path = tmp_path / "t.txt"
    path.write_text("ab ba " * 200)
    data = read_file(path, read_as="text", context=5)
    profile = Profile(data, data.split())
    assert [column.kind for column in profile.columns] == ["token"] * 5 + ["5 classes"]
    assert describe_columns(profile.columns) == "5 tokens, 1 target"
    first = profile.facts(profile.columns[0])
    assert (first.distinct, first.histogram.words) == (1, ("a",))
    *cells, wanted = row_numbers(profile, 0)
    assert [(cell.raw, cell.given) for cell in cells] == [
        ("a", (1,)),
        ("b", (2,)),
        ("_", (0,)),
        ("b", (2,)),
        ("a", (1,)),
    ]
    assert cells[0].words == "the number of the token in a vocabulary of 3 characters"
    assert wanted.raw == "b _ b a _"
    assert [share.name for share in measure_balance(profile).shares] == ["_", "a", "b"]


def test_a_part_of_a_per_cent_is_not_one() -> None:
    """A class of 4 rows in 1,000 is no hundredth of them; none is none."""
    assert [share_text(rows, 1000) for rows in (0, 4, 5, 14, 1000)] == ["0 %", "<1 %", "1 %", "1 %", "100 %"]


@pytest.mark.parametrize(
    ("title", "heading"),
    [("class", "rows of each class"), (OBJECTS, "objects of each class"), ("price", "values of price")],
)
def test_what_is_shared_out_stands_above_it(title: str, heading: str) -> None:
    """Rows, objects or values, on the screen and in print."""
    assert Balance(title, (), (0, 0, 0)).heading == heading
