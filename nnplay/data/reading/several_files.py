"""Several files that are one table: the rows of all of them, in the order of their names."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.typed_values import Values
from nnplay.data.columns.named_columns import NamedColumns, Skipped
from nnplay.data.columns.table import columns_dataset
from nnplay.data.csv.text.packed_cells import PackedCells
from nnplay.data.dataset import Dataset
from nnplay.data.progress import report
from nnplay.data.reading.addresses import matching_files, place_of, table_name
from nnplay.data.reading.table_source import table_options
from nnplay.data.record import SourceRecord
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import clean, counted

#: As for a single file of text, which grows most.
_GROWTH: Final = 12
#: Between the rows of two files, so that the number of a row tells its file.
_STRIDE: Final = 10**13
_ROW: Final = re.compile(r"(?:[^,\s]*, )?row (\d{14,})")


def read_several(pattern: str, source: SourceRecord, values: Mapping[str, Any]) -> Dataset:
    """The data set of all files that a pattern names, each read as `source` reads one.

    Raises:
        InputError: they are no tables, differ in their columns, or one of them cannot be used as it is.
    """
    paths = matching_files(pattern)
    if source.columns is None:
        what = f"{counted(len(paths), 'file')}, of which each is {source.title}: only tables are read together"
        raise InputError(what, where=clean(pattern), hint="name one of them")
    _refuse_too_many(paths, pattern)
    options = table_options(pattern, values)
    tables: list[NamedColumns] = []
    for done, path in enumerate(paths):
        report(done, len(paths), "files")
        tables.append(source.columns(path, values).checked(place_of(path)))
        _refuse_difference(paths, tables)
    try:
        data = columns_dataset(_one_table(paths, tables), options, name=table_name(pattern), where=place_of(pattern))
    except InputError as error:
        raise _with_file(error, paths) from None
    data.notes = tuple(_with_files(note, paths) for note in data.notes)
    return data


def _refuse_too_many(paths: Sequence[str], pattern: str) -> None:
    size, most = sum(Path(path).stat().st_size for path in paths), memory_budget() // _GROWTH
    if size > most:
        what = f"{counted(len(paths), 'file')} are too large together: {size_text(size)}, at most {size_text(most)}"
        raise InputError(what, where=clean(pattern), hint="name fewer of them")


def _refuse_difference(paths: Sequence[str], tables: Sequence[NamedColumns]) -> None:
    """Compares the last table with the first."""
    first, last = tables[0].names, tables[-1].names
    if first == last:
        return
    lacking = [f"'{name}' is missing" for name in first if name not in last][:5]
    more = [f"'{name}' is new" for name in last if name not in first][:5]
    ways = ", ".join(lacking + more) or "they are in a different order"
    what = f"its columns differ from those of {place_of(paths[0])}: {ways}"
    raise InputError(what, where=place_of(paths[len(tables) - 1]), hint="all files need the same columns")


def _one_table(paths: Sequence[str], tables: Sequence[NamedColumns]) -> NamedColumns:
    skipped = Skipped()
    for table in tables:
        skipped.count += table.skipped.count
        skipped.reasons += table.skipped.reasons[: 5 - len(skipped.reasons)]
    lines = [np.asarray(table.lines, np.int64) + place * _STRIDE for place, table in enumerate(tables, 1)]
    notes = [f"{counted(len(paths), 'file')}: {place_of(paths[0])} … {place_of(paths[-1])}"] if len(paths) > 1 else []
    notes += list(dict.fromkeys(note for table in tables for note in table.notes))
    return NamedColumns(
        tables[0].names,
        [_joined([table.columns[place] for table in tables]) for place in range(len(tables[0].names))],
        lines=array("q", np.concatenate(lines).tobytes()),
        decimal=tables[0].decimal,
        skipped=skipped,
        notes=tuple(notes),
        unnamed=tables[0].unnamed,
    )


def _joined(parts: Sequence[Values]) -> Values:
    """One column; where one file has words and another numbers, all become words."""
    if all(isinstance(part, np.ndarray) for part in parts):
        arrays: list[NDArray[Any]] = [part for part in parts if isinstance(part, np.ndarray)]
        if len({(array.dtype.kind in "iuf" and "n") or array.dtype.kind for array in arrays}) == 1:
            masked = any(isinstance(array, np.ma.MaskedArray) for array in arrays)
            together: NDArray[Any] = np.concatenate([np.ma.getdata(array) for array in arrays])
            gone = np.concatenate([np.ma.getmaskarray(array) for array in arrays])
            return np.ma.masked_array(together, gone) if masked else together
    return PackedCells.joined([part if isinstance(part, PackedCells) else PackedCells(_words(part)) for part in parts])


def _words(part: NDArray[Any] | Sequence[Any]) -> list[str]:
    return ["" if value is None else str(value) for value in (part.tolist() if isinstance(part, np.ndarray) else part)]


def _with_file(error: InputError, paths: Sequence[str]) -> InputError:
    """The same error with the file in which the row is, and its number there."""
    found = _ROW.search(error.where)
    where = error.where
    if found is not None:
        where = f"{_name_row(found, paths)}{error.where[found.end() :]}"
    return InputError(_with_files(error.what, paths), where=where, hint=error.hint)


def _with_files(words: str, paths: Sequence[str]) -> str:
    return _ROW.sub(lambda found: _name_row(found, paths), words)


def _name_row(found: re.Match[str], paths: Sequence[str]) -> str:
    file, row = divmod(int(found[1]), _STRIDE)
    return f"{place_of(paths[file - 1])}, row {row}"
