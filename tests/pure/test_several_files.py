"""Several files are one table, and whatever is wrong with one of them names it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnplay.data.catalogue import read_file
from nnplay.errors import InputError


def write_parts(folder: Path, **texts: str) -> str:
    """Files of one folder, and the pattern that names them."""
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return str(folder / "*.csv")


def test_several_files_are_one_table_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Rows come sorted by file; the note says which files; the set is called by its folder."""
    pattern = write_parts(tmp_path, b="a,y\n3,no\n4,yes\n", a="a,y\n1,yes\n2,no\n")
    data = read_file(pattern)
    assert data.x[:, 0].tolist() == [1, 2, 3, 4]
    assert "2 files: a.csv … b.csv" in data.notes
    assert data.name == tmp_path.name


def test_a_file_with_other_columns_is_named(tmp_path: Path) -> None:
    """With what is missing and what is new, or that only the order differs."""
    pattern = write_parts(tmp_path, a="a,b,y\n1,2,no\n", b="a,c,y\n1,2,yes\n")
    with pytest.raises(
        InputError, match=r"b\.csv: its columns differ from those of a\.csv: 'b' is missing, 'c' is new"
    ):
        read_file(pattern)
    write_parts(tmp_path, b="b,a,y\n1,2,yes\n")
    with pytest.raises(InputError, match="they are in a different order"):
        read_file(pattern)


def test_an_error_in_one_of_several_files_names_it_and_its_row(tmp_path: Path) -> None:
    """Be it a broken row, a gap, or stray text; so do notes about rows that were left out."""
    good = "a,y\n" + "".join(f"{row},{row % 2}\n" for row in range(20))
    pattern = write_parts(tmp_path, a=good, b=good + "7,1,1\n")
    with pytest.raises(InputError, match=r"^b\.csv, row 22: expected 2 fields"):
        read_file(pattern)
    write_parts(tmp_path, b=good + ",1\n")
    with pytest.raises(InputError, match=r"^b\.csv, row 22, column 'a': a value is missing"):
        read_file(pattern)
    write_parts(tmp_path, b=good + "many,1\n")
    with pytest.raises(InputError, match=r"^b\.csv, row 22, column 'a'"):
        read_file(pattern)
    notes = read_file(pattern, skip_bad_rows=True).notes
    assert any("1 bad row left out: b.csv, row 22" in note for note in notes)


def test_a_pattern_without_files_says_so(tmp_path: Path) -> None:
    """A file that is really called so is read as itself, and other kinds than tables are not joined."""
    with pytest.raises(InputError, match="no file matches this pattern"):
        read_file(str(tmp_path / "*.csv"))
    (tmp_path / "what?.csv").write_text("a,y\n1,no\n2,yes\n", encoding="utf-8")
    (tmp_path / "whats.csv").write_text("b,z\n1,no\n", encoding="utf-8")
    assert len(read_file(str(tmp_path / "what?.csv"))) == 2
    for name in ("a", "b"):
        np.savez(tmp_path / f"{name}.npz", x=np.zeros((4, 2)), y=np.arange(4) % 2)
    with pytest.raises(InputError, match="only tables are read together"):
        read_file(str(tmp_path / "*.npz"))


def test_typed_files_are_joined_by_their_types(tmp_path: Path) -> None:
    """Whole numbers and fractions are numbers; a gap in one part is a gap of the whole."""
    (tmp_path / "a.jsonl").write_text('{"a": 1, "y": "no"}\n{"a": null, "y": "yes"}\n')
    (tmp_path / "b.jsonl").write_text('{"a": 2.5, "y": "no"}\n{"a": 3.5, "y": "yes"}\n')
    data = read_file(str(tmp_path / "*.jsonl"), missing="mean")
    assert np.array_equal(data.x[:, 0], [1, np.nan, 2.5, 3.5], equal_nan=True)
