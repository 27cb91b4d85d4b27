"""Tables of many columns: their text is put away, their numbers are read once, and nobody can tell by the data."""

from __future__ import annotations

import copy
import os
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest

from nnplay.data.columns.encoded_ahead import EncodedAhead
from nnplay.data.csv.csv_file import read_csv
from nnplay.data.csv.text import packed_cells, text_store
from nnplay.data.csv.text.byte_block import BlockColumn, cut_block
from nnplay.data.csv.text.packed_cells import PackedCells
from nnplay.data.csv.text.stored_block import GROUP, GroupJoiner
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError

COLUMNS, ROWS = 2 * GROUP + 5, 230


def cell(row: int, column: int) -> str:
    """Numbers, words beyond ASCII, blanks around some, and gaps."""
    kind = column % 5
    if kind == 0:
        return f"{(row * 31 + column * 17) % 1009 / 8}"
    if kind == 1:
        return ("Köln", " Ulm ", "東京")[(row + column) % 3]
    if kind == 2:
        return "" if (row + column) % 11 == 0 else str((row * column) % 97)
    if kind == 3:
        return f"{1_700_000_000 + row * column % 1000}"
    return f" -{row % 7}.{column} "


def lines(begin: int, end: int) -> str:
    return "".join(",".join(cell(row, column) for column in range(COLUMNS)) + "\n" for row in range(begin, end))


def write(folder: Path) -> Path:
    path = folder / "wide.csv"
    names = ",".join(f"c{column}" for column in range(COLUMNS - 1)) + ",target\n"
    path.write_text(names + lines(0, ROWS), encoding="utf-8")
    return path


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tables of that many columns are wide, and all of their text goes into a file."""
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(packed_cells, "_WIDE", GROUP)
    monkeypatch.setattr(text_store, "_HELD", 0)


def read(path: Path, **options: object) -> Dataset:
    return read_csv(path, missing="mean", skip_bad_rows=True, **options)  # type: ignore[arg-type]


def same(some: Dataset, other: Dataset) -> None:
    np.testing.assert_array_equal(some.x, other.x)
    np.testing.assert_array_equal(some.y, other.y)
    assert (some.columns, some.notes, some.feature_names) == (other.columns, other.notes, other.feature_names)


@pytest.mark.usefixtures("always")
def test_text_that_lost_its_end_is_an_error() -> None:
    """A file that has become shorter is refused with a way out: never less text than was put away."""
    store = text_store.TextStore()
    stored = store.put(b"cells " * 100)
    assert store._file is not None
    os.ftruncate(store._file.fileno(), 300)
    with pytest.raises(InputError, match="its end is missing; read the file again"):
        store.get(stored)


@pytest.mark.usefixtures("always")
def test_groups_have_the_cells_of_their_blocks() -> None:
    """Each column, whole and in part, in any order, when blocks came one by one."""
    joiner = GroupJoiner()
    for begin, end in ((0, 40), (40, 41), (41, 90)):
        block = cut_block(lines(begin, end), ",", COLUMNS)
        assert block is not None
        joiner.add(block)
    assert joiner.rows == 90
    groups = joiner.take()
    assert [group.rows for group in groups] == [90] * 3
    assert joiner.take() == []
    keep = np.arange(90) % 4 == 1
    for column in (0, COLUMNS - 1, GROUP, 1, GROUP - 1):
        part = BlockColumn(groups[column // GROUP], column % GROUP)
        wanted = [cell(row, column).strip() for row in range(90)]
        assert part.words() == wanted
        assert part.words(3, 5) == wanted[3:5]
        some = part.select(keep)
        assert some.words() == wanted[1::4]
        assert some.select(np.arange(some.rows) < 2).words() == wanted[1:6:4]
        for copied in (pickle.loads(pickle.dumps(part)), copy.deepcopy(some)):  # noqa: S301
            assert copied.words() == (wanted if copied.rows == 90 else wanted[1::4])


def test_a_wide_table_is_the_same_put_away_or_not(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Inputs, notes and cells; where the target has gaps, so that rows are left out, too."""
    path = write(tmp_path)
    plain = [read(path), read(path, target="c7")]
    request.getfixturevalue("always")
    for usual, options in zip(plain, ({}, {"target": "c7"}), strict=True):
        stored = read(path, **options)
        same(stored, usual)
        assert stored.table is not None
        assert usual.table is not None
        for column in (0, 2, COLUMNS - 1):
            assert stored.table.cells(column, 0, 200) == usual.table.cells(column, 0, 200)


@pytest.mark.usefixtures("always")
def test_text_that_no_file_takes_stays_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be written, or a disk that is full, is no reason to refuse a table."""
    usual = read(write(tmp_path))

    def refuse(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    same(read(write(tmp_path)), usual)


@pytest.mark.usefixtures("always")
def test_what_was_put_away_leaves_nothing_behind(tmp_path: Path) -> None:
    """The file has no name: a program that is killed leaves none."""
    data = read(write(tmp_path))
    assert not list((tmp_path / "cache" / "texts").iterdir())
    assert data.table is not None
    assert isinstance(data.table.columns.columns[0], PackedCells)


def test_columns_that_are_encoded_ahead_are_those_that_are_encoded_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit, with the notes, whether the target is a class or a number."""
    path = write(tmp_path)
    ahead = [read(path, target=name) for name in ("c1", "c3")]
    monkeypatch.setattr(EncodedAhead, "add", lambda *args, **options: None)
    for data, name in zip(ahead, ("c1", "c3"), strict=True):
        same(data, read(path, target=name))
