"""Tables as people write them: each small file in `tables/` stands for a kind, and is read as its owner means it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnplay as nn
from nnplay.data.csv.csv_file import read_csv
from nnplay.errors import InputError
from tests.table_files import TABLES, noted, read, written


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


def test_what_was_right_stays_right() -> None:
    """Truth values are two classes, and a target that occurs twice is told apart from its copy."""
    assert read("true_false.csv").class_names == ("False", "True")
    assert read("dup_target.csv").feature_names == ("x", "y_2")


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


def test_rows_that_are_wider_than_the_header() -> None:
    """Where the first column has no name it is that of the rows; a delimiter at each end is named, with the way out."""
    data = read("index_missing_head.csv")
    assert (len(data), data.feature_names) == (60, ("x", "b"))
    for skip in (False, True):
        with pytest.raises(InputError, match=r"the rows end with a delimiter but row 1 does not: .* \(x,b,y,\)"):
            read("trail_delim_rows.csv", skip_bad_rows=skip)


def test_a_word_for_nothing_in_most_rows() -> None:
    """36 of 60 cells say n.d.: they are missing, and nothing is said of decimal points."""
    with pytest.raises(
        InputError, match=r"column 'x': 36 values are missing, the first one here: 'n.d.' 36; use missing="
    ):
        read("mostly_text.csv")
    assert read("mostly_text.csv", missing="mean").x.shape[0] == 60


def test_codes_of_words_reach_an_embedding_as_whole_numbers() -> None:
    """The codes of an ordinal column are not scaled, as they say which of the words it is."""
    data = read("cat_emb.csv", encode="ordinal")
    given = data.split(seed=0).inputs(np.arange(4.0)[:, None])
    assert given.ravel().tolist() == [0, 1, 2, 3]
