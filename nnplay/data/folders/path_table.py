"""Tables that name a file in each row, and say what is to be learned of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnplay.data.cells.typed_values import type_values
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.columns.target import find_targets, read_targets
from nnplay.data.csv.csv_file import read_csv_columns
from nnplay.data.csv.options import CsvOptions
from nnplay.data.csv.text.other_formats import HEAD
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.folders.examples import Examples
from nnplay.data.reading.addresses import ending_of, place_of
from nnplay.errors import InputError
from nnplay.fields import choice, text
from nnplay.system.paths import expanded
from nnplay.text import clean

#: What can be said of the table, besides how the files are read.
PATH_FIELDS: Final = (
    text("target", "", "column to be learned; else one called label, class or y, or the last"),
    choice("task", "auto", "whether that is a class or a quantity", ("auto", "classification", "regression")),
)
_TABLES: Final = (".csv", ".tsv", ".txt")
_BETWEEN: Final = re.compile(r"[,;\t|]")
#: Rows that are looked at to see which column names files.
_FEW: Final = 5


def lists_files(path: str, endings: tuple[str, ...]) -> bool:
    """Whether a table names such files, and one of the first is there; only its beginning is read."""
    if ending_of(path) not in _TABLES:
        return False
    try:
        with open_regular(path, limit=sys.maxsize) as file:
            head = file.read(HEAD).decode("utf-8-sig", errors="replace")
        folder = expanded(path).parent
    except InputError:
        return False
    cells = [cell.strip(" \"'\r") for line in head.split("\n")[: _FEW + 1] for cell in _BETWEEN.split(line)]
    return any(_ending(cell) in endings and _is_there(folder, cell) for cell in cells)


def read_path_table(path: str, values: Mapping[str, Any], endings: tuple[str, ...], noun: str) -> Examples:
    """The files that a table names, with what is to be learned of each.

    Args:
        endings: of the files' names.
        noun: what they are: "image".

    Raises:
        InputError: the table cannot be read, or has no column of such names, or no other one.
    """
    where, folder = place_of(path), expanded(path).parent
    options = CsvOptions(task=str(values.get("task") or "auto")).validate(where)
    table = read_csv_columns(path, options).checked(where)
    named = _find_path_column(table, endings, noun, where)
    others = [name for name in table.names if name != named]
    if not others:
        what = f"names {noun}s, and says nothing of them"
        raise InputError(what, where=where, hint="add a column with the label of each")
    chosen, notes = find_targets(others, str(values.get("target") or "") or None, where)
    columns = dict(zip(table.names, table.columns, strict=True))
    typed = [type_values(name, columns[name], table.decimal, "auto", where) for name in chosen]
    if missing := next((column for column in typed if column.unknown.any()), None):
        row = int(np.flatnonzero(missing.unknown)[0])
        line = (table.lines or range(1, row + 2))[row]
        raise InputError("a label is missing", where=f"{where}, row {line}, column '{missing.name}'")
    target = read_targets(typed, np.asarray(table.lines, np.int64), options.task, where)
    files = tuple(folder / str(cell) for cell in columns[named])
    _refuse_missing(files, where)
    notes = (f"{noun}s are named by column '{named}'", *notes, *target.notes)
    return Examples(files, target.y, target.task, target.class_names, notes)


def _find_path_column(table: NamedColumns, endings: Sequence[str], noun: str, where: str) -> str:
    for name, cells in zip(table.names, table.columns, strict=True):
        first = [str(cell) for cell in cells[:_FEW]]
        if sum(_ending(cell) in endings for cell in first) > len(first) // 2:
            return name
    raise InputError(f"no column names {noun}s", where=where, hint=f"their names end in {', '.join(endings)}")


def _ending(cell: str) -> str:
    return os.path.splitext(cell)[1].lower()


def _is_there(folder: Path, cell: str) -> bool:
    try:
        return (folder / cell).is_file()
    except (OSError, ValueError):
        return False


def _refuse_missing(files: Sequence[Path], where: str) -> None:
    """Sees that most files of a table are there before any is read.

    Raises:
        InputError: the first of them is not, and nor are most others.
    """
    gone = [file for file in files if not file.exists()]
    if 2 * len(gone) > len(files):
        what = f"{len(gone):,} of {len(files):,} files are not there, such as '{clean(str(gone[0]))}'"
        raise InputError(what, where=where, hint="paths begin in the folder of the table")
