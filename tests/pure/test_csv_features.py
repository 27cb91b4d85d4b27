"""Columns of dates, columns that name each row, and several targets at once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nnplay.data.csv.csv_file import read_csv
from nnplay.errors import InputError


def written(folder: Path, head: str, *rows: str) -> Path:
    """A file with these lines."""
    path = folder / "table.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_dates_become_days(tmp_path: Path) -> None:
    """ISO dates, with or without a time or a zone, are days since the year 2000, said in a note; gaps stay gaps."""
    rows = ("2000-01-02,1,a", "2000-01-01T12:00:00,2,b", "2000-01-02 01:00+01:00,3,a", ",4,b")
    data = read_csv(written(tmp_path, "when,b,y", *rows), missing="mean")
    assert np.array_equal(data.x[:, 0], [1.0, 0.5, 1.0, np.nan], equal_nan=True)
    assert data.feature_names == ("when", "when: time of day sin", "when: time of day cos", "b")
    np.testing.assert_allclose(data.x[:2, 1:3], [[0, 1], [0, -1]], atol=1e-6)
    said = (
        "column when: dates, as days since 2000-01-01, and its time of day as sine and cosine (kinds={'when': 'number'}"
    )
    assert any(note.startswith(said) for note in data.notes)
    data = read_csv(written(tmp_path, "when,b,y", *rows), missing="mean", kinds={"when": "number"})
    assert data.feature_names == ("when", "b")
    assert "column when: dates, as days since 2000-01-01" in data.notes


@pytest.mark.parametrize("odd", ["2000-13-01", "yesterday", "01/02/2000"])
def test_one_cell_that_is_no_date_leaves_words(tmp_path: Path, odd: str) -> None:
    """A column with anything else in it stays a column of words, as does one that was asked for as such."""
    rows = ("2000-01-02,1,a", "2000-01-03,2,b")
    assert read_csv(written(tmp_path, "when,b,y", *rows, f"{odd},3,a")).feature_names[0].startswith("when=")
    data = read_csv(written(tmp_path, "when,b,y", *rows), kinds={"when": "category"})
    assert data.feature_names[0] == "when=2000-01-03"


def test_a_name_for_every_row_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    """Twenty rows with a word each are no input; nineteen, or those asked for as categories, are."""
    rows = [f"C{row},{row},{'ab'[row % 2]}" for row in range(20)]
    assert read_csv(written(tmp_path, "id,b,y", *rows)).feature_names == ("b",)
    assert len(read_csv(written(tmp_path, "id,b,y", *rows[:19])).feature_names) == 20
    assert len(read_csv(written(tmp_path, "id,b,y", *rows), kinds={"id": "category"}).feature_names) == 21


def test_several_targets_are_learned_together(tmp_path: Path) -> None:
    """Names with commas between them, or a list, in the order given; the others are features."""
    path = written(tmp_path, "a,b,c,d", "1,2,3,4.5", "5,6,7,8.5", "2,7,1,8.5")
    for target in ("d, b", ["d", "b"]):
        data = read_csv(path, target)
        assert data.feature_names == ("a", "c")
        assert data.target_names == ("d", "b")
        assert data.y.tolist() == [[4.5, 2.0], [8.5, 6.0], [8.5, 7.0]]


def test_a_column_name_with_a_comma_is_one_target(tmp_path: Path) -> None:
    """A header that holds a comma is taken whole where it fits."""
    path = written(tmp_path, '"b, c",a', "1.5,1", "2.5,5", "3.5,1")
    assert read_csv(path, "b, c").target_names == ("b, c",)


@pytest.mark.parametrize(
    ("target", "task", "wanted"),
    [
        ("a,nix", "auto", "unknown column 'nix'"),
        ("a,word", "auto", "column 'word'"),
        ("a,b", "classification", "several targets must all be numeric"),
        ("a,same", "auto", "every row has the same value"),
    ],
)
def test_several_targets_that_cannot_be(tmp_path: Path, target: str, task: str, wanted: str) -> None:
    """An unknown one, words, classes and a constant are refused with the column's name."""
    path = written(tmp_path, "a,b,word,same", "1,2,u,3", "5,6,v,3", "2,7,u,3")
    with pytest.raises(InputError, match=wanted):
        read_csv(path, target, task=task)  # type: ignore[arg-type]


def test_ordinal_codes_reach_the_network_as_they_are(tmp_path: Path) -> None:
    """Codes are names for an embedding: they are whole numbers however the other columns are scaled."""
    path = tmp_path / "codes.csv"
    rows = [f"{word},{number},{number % 2}" for number, word in enumerate(["a"] * 9 + ["b"] * 3 + ["c"] * 2)]
    path.write_text("\n".join(["word,size,y", *rows]) + "\n")
    split = read_csv(path, target="y", task="classification", encode="ordinal").split(seed=0)
    codes = split.inputs(np.array([[0, 5.0], [1, 5.0], [2, 5.0]]))
    assert codes[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert abs(split.train.x[:, 1].mean()) < 1e-6


@pytest.mark.parametrize(
    ("rows", "hint", "header"),
    [
        (("0,0,0,", "1,7,1,", "2,2,0,"), r"end it with one too \(x,b,y,\)", "x,b,y,"),
        (("0,0,3,0", "0,1,7,1", "2,2,1,0"), r"name that column in row 1 too \(row,x,b,y\)", "row,x,b,y"),
    ],
)
@pytest.mark.parametrize("skip", [False, True])
def test_rows_wider_than_the_header_are_answered_with_what_helps(
    tmp_path: Path, rows: tuple[str, ...], hint: str, header: str, skip: bool
) -> None:
    """One field more in every row is no row to skip: the advice names the header that is meant, and it works."""
    with pytest.raises(InputError) as refused:
        read_csv(written(tmp_path, "x,b,y", *rows), skip_bad_rows=skip)
    assert re.search(hint, refused.value.message)
    assert "skip" not in refused.value.hint
    assert len(read_csv(written(tmp_path, header, *rows), target="y")) == 3


def test_a_column_of_more_words_than_numbers_says_so(tmp_path: Path) -> None:
    """The reason is the words, not the decimal mark; the way out that is named leaves a column of numbers."""
    rows = [f"{'low' if k % 5 < 3 else k / 2},{k},{k % 2}" for k in range(60)]
    path = written(tmp_path, "x,b,y", *rows)
    for decimal in ("auto", "."):
        (note,) = [note for note in read_csv(path, decimal=decimal).notes if "is text" in note]
        assert "only 24 of its 60 cells are numbers ('low')" in note
        assert "decimal" not in note
    data = read_csv(path, kinds={"x": "number"}, skip_bad_rows=True)
    assert (len(data), data.x.shape[1]) == (24, 2)
