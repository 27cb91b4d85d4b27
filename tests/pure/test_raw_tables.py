"""A data set keeps the table that it was made of: its cells can be looked at, and encoded anew without being read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.catalogue import read_file
from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.columns import encoded_ahead
from nnplay.data.columns import table as table_module
from nnplay.data.columns.encoded import Encoded
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.columns.raw_table import RawTable
from nnplay.data.columns.table import columns_dataset
from nnplay.data.csv.options import CsvOptions
from nnplay.data.csv.text.packed_cells import PackedCells
from nnplay.data.sources import csv as csv_source
from nnplay.run import run_data

LENGTHS = (0, 1, 2, 1023, 1024, 1025, 5000)


@pytest.mark.parametrize("word", ["", "a", "é€😀", "ab"])
@pytest.mark.parametrize("length", LENGTHS)
def test_any_cells_of_a_packed_column_are_those_of_the_list(length: int, word: str) -> None:
    """Picked by number, from the end, as a part, or with a step; also across the blocks of the index."""
    cells = [f"{word}{place}" if place % 3 else word for place in range(length)]
    packed = PackedCells(cells)
    assert packed[:] == cells
    for start in (0, 1, 1000, 1023, 1024, length - 3):
        for stop in (start, start + 1, start + 40, length):
            assert packed[start:stop] == cells[start:stop]
    assert packed[::7] == cells[::7]
    assert [packed[place] for place in range(0, length, 97)] == cells[::97]
    if cells:
        assert packed[-1] == cells[-1]
    with pytest.raises(IndexError):
        packed[length]


def test_a_long_text_is_indexed_part_by_part() -> None:
    """Letters of several bytes stand on both sides of the place where the search goes on."""
    cells = ["é" * (place % 2000) for place in range(3000)]
    packed = PackedCells(cells)
    for place in range(0, 3000, 61):
        assert packed[place] == cells[place]


def test_the_table_has_the_cells_of_the_rows_that_were_kept(tmp_path: Path) -> None:
    """A row without a target is in the file, not in the data set; columns that are left out are in the table."""
    path = tmp_path / "t.csv"
    path.write_text("id,size,colour,y\n" + "".join(f"{i},{i}.50,red,{'' if i == 3 else i % 2}\n" for i in range(30)))
    data = read_file(path)
    table = data.table
    assert table is not None
    assert table.names == ("id", "size", "colour", "y")
    assert len(data) == 29
    assert table.cells(1, 0, 5) == ["0.50", "1.50", "2.50", "4.50", "5.50"]
    assert table.cells(1, 4, 4) == []
    assert table.cells(0, 0, len(table)) == [str(i) for i in range(30) if i != 3]
    assert table.line(3) == 6  # the header is line 1
    assert data.split().train.table is None


def test_values_of_any_kind_are_written_as_a_table_of_text_would_have_them() -> None:
    """Nothing for what says nothing."""
    columns = NamedColumns(
        ("a", "b", "c"),
        [np.ma.masked_array([1, 2], [False, True]), np.array([0.5, np.nan]), [None, b"x"]],
    )
    table = RawTable(columns)
    assert [table.cells(column, 0, len(table)) for column in range(3)] == [["1", ""], ["0.5", ""], ["", "x"]]
    assert table.line(1) == 2
    far = RawTable(NamedColumns(("day",), [np.array(["290309-01-01", "NaT"], dtype="M8[s]")]))
    assert far.cells(0, 0, 2) == ["290309-01-01T00:00:00", ""]


def test_a_change_of_a_role_or_an_encoding_does_not_read_the_file_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data set is that of a fresh reading; another delimiter, or a file that has changed, is read."""
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n" + "".join(f"{i % 7},{'uvw'[i % 3]},{i % 2}\n" for i in range(40)))
    reads = []
    real = csv_source.read_csv_columns

    def counting(path: str, options: object) -> NamedColumns:
        reads.append(path)
        return real(path, options)  # type: ignore[arg-type]

    monkeypatch.setattr(csv_source, "read_csv_columns", counting)

    def config(**values: object) -> RunConfig:
        return RunConfig.from_dict({"data": {"file": str(path), **values}})

    run_data.data_of(config())
    assert len(reads) == 1
    for values in ({"kinds": {"b": "skip"}}, {"target": "b"}, {"encode": "ordinal"}, {"kinds": {"a": "category"}}):
        again = run_data.data_of(config(**values))
        assert len(reads) == 1
        fresh = config(**values).data.load()
        reads.pop()
        assert (again.x == fresh.x).all()
        assert (again.y == fresh.y).all()
        assert (again.columns, again.notes, again.name) == (fresh.columns, fresh.notes, fresh.name)
    run_data.data_of(config(header="yes"))
    assert len(reads) == 2
    path.write_text("a,b,y\n" + "".join(f"{i % 7},{'uvw'[i % 3]},{(i + 1) % 2}\n" for i in range(41)))
    assert len(run_data.data_of(config(target="b"))) == 41
    assert len(reads) == 3


@pytest.mark.parametrize(
    ("change", "encoded"),
    [
        ({"kinds": {"count": "category"}}, ["count"]),
        ({"kinds": {"word": "skip"}}, []),
        ({"target": "count"}, ["y"]),
        ({"missing": "category"}, ["count", "word", "gap", "day"]),
        ({"missing": "drop"}, ["count", "word", "gap", "day"]),
    ],
)
def test_only_what_changes_is_encoded(
    change: dict[str, object], encoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are taken from the data set, and all is as if the table had been read anew."""
    columns = NamedColumns(
        ("count", "word", "gap", "day", "y"),
        [
            PackedCells([str(row % 9) for row in range(60)]),
            PackedCells(["uvw"[row % 3] for row in range(60)]),
            PackedCells(["" if row % 7 == 0 else str(row / 8) for row in range(60)]),
            PackedCells([f"2020-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(60)]),
            PackedCells([str(row**2 % 31 / 4) for row in range(60)]),
        ],
    )
    before = columns_dataset(columns, CsvOptions("y", missing="mean"), name="t", where="t")
    options = CsvOptions(**{"target": "y", "missing": "mean", **change})  # type: ignore[arg-type]
    fresh = columns_dataset(columns, options, name="t", where="t")
    names: list[str] = []
    real = table_module.encode_column

    def counting(column: TypedColumn, *args: object, **options: object) -> Encoded:
        names.append(column.name)
        return real(column, *args, **options)  # type: ignore[arg-type]

    for module in (table_module, encoded_ahead):
        monkeypatch.setattr(module, "encode_column", counting)
    again = columns_dataset(columns, options, name="t", where="t", before=before)
    assert names == encoded
    np.testing.assert_array_equal(again.x, fresh.x)
    np.testing.assert_array_equal(again.y, fresh.y)
    assert (again.columns, again.notes, again.fill) == (fresh.columns, fresh.notes, fresh.fill)
    assert again.x.dtype == fresh.x.dtype
