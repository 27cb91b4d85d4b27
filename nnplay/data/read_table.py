"""A table that is in memory already, of whatever library, as a data set: encoded and described as a file is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np

from nnplay.arguments import kind_of, words
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.columns.table import columns_dataset
from nnplay.data.csv.options import CsvOptions
from nnplay.data.dataset import Dataset
from nnplay.data.frames import is_frame, is_lazy, plain_array, read_frame
from nnplay.errors import InputError
from nnplay.text import clean

#: What has rows only once it is asked for them, by what its type can do, and how it is asked.
_WAYS_OUT: Final = {"read_all": "give reader.read_all()", "__next__": "give list(rows)"}


def read_table(
    table: Any,
    target: str | int | Sequence[str] | None = None,
    *,
    missing: Literal["refuse", "drop", "mean", "category"] = "refuse",
    encode: Literal["one_hot", "ordinal"] = "one_hot",
    skip_bad_rows: bool = False,
    task: Literal["auto", "classification", "regression"] = "auto",
    kinds: Mapping[str, str] | None = None,
    names: Sequence[str] | None = None,
    name: str = "table",
) -> Dataset:
    """A table in memory with one column to be learned from the others, as `read_csv` makes it of a file.

    Args:
        table: a frame of pandas or polars, a table of Arrow, a list of dicts, a dict of columns, a structured array; or
            a matrix (rows, columns), which may be masked, sparse or a tensor.
        target, missing, encode, skip_bad_rows, task, kinds: as in `read_csv`. Columns that are categories in the table
            are so here.
        names: of the columns of a matrix, in order; column_1, column_2, … unless given.
        name: what the set is called.

    Raises:
        InputError: the table cannot be used as it is; names row (from 0) and column, and the way out.
    """
    where = clean(name)
    columns, own = read_frame(table, where) if is_frame(table) or is_lazy(table) else (_matrix(table, where), {})
    if names is not None:
        given = words(names, f"{where}, names")
        if len(given) != len(columns.names):
            raise InputError(f"{len(given)} names for {len(columns.names)} columns", where=where)
        columns = NamedColumns(given, columns.columns, columns.lines, notes=columns.notes)
    chosen = {} if kinds is None else dict(kind_of(kinds, Mapping, "table of kinds", where, "give {'age': 'number'}"))
    options = CsvOptions(
        _target_names(target, where),
        missing=missing,
        encode=encode,
        skip_bad_rows=skip_bad_rows,
        task=task,
        kinds={**own, **chosen},
    ).validate(where)
    return columns_dataset(columns, options, name=name, where=where)


def _target_names(target: Any, where: str) -> str | None:
    """As options have them: names with commas between; a number is the name of a column that is called so."""
    if target is None or isinstance(target, str):
        return target
    if isinstance(target, (int, np.integer)) and not isinstance(target, bool) and abs(int(target)) < 2**63:
        return str(target)
    return ",".join(words(target, f"{where}, target"))


def _matrix(given: Any, where: str) -> NamedColumns:
    array = plain_array(given, where)
    try:
        array = array if hasattr(array, "mask") else np.asarray(array)
    except ValueError:
        raise InputError("is ragged or nested too deep", where=where, hint="give rows of equal length") from None
    if array.ndim != 2:
        hint = "give a frame, a list of dicts, a dict of columns, or a matrix (rows, columns)"
        hint = next((way for name, way in _WAYS_OUT.items() if hasattr(type(given), name)), hint)
        raise InputError(f"{type(given).__name__} is not a table with columns", where=where, hint=hint)
    count = array.shape[1]
    columns = [array[:, place] for place in range(count)]
    return NamedColumns(tuple(f"column_{place}" for place in range(1, count + 1)), columns, range(len(array)))
