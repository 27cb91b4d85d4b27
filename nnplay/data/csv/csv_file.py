"""Any delimited text file as a data set: what was found and done is noted, and nothing is guessed silently."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal

from nnplay.arguments import kind_of, words
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.columns.table import columns_dataset
from nnplay.data.csv.options import CsvOptions
from nnplay.data.csv.text.packed_file import open_packed
from nnplay.data.csv.text.records import field_limit
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.csv.text.table_text import read_table_text
from nnplay.data.dataset import Dataset
from nnplay.data.progress import report
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.memory_budget import memory_budget

# A table of one-digit cells takes up to this many times its size: packed text, float64 columns, float32 inputs twice.
_GROWTH = 12


def read_csv(
    path: str | os.PathLike[str],
    target: str | Sequence[str] | None = None,
    *,
    delimiter: str = "auto",
    decimal: Literal["auto", ".", ","] = "auto",
    missing: Literal["refuse", "drop", "mean", "category"] = "refuse",
    encode: Literal["one_hot", "ordinal"] = "one_hot",
    skip_bad_rows: bool = False,
    encoding: str = "auto",
    header: Literal["auto", "yes", "no"] = "auto",
    task: Literal["auto", "classification", "regression"] = "auto",
    kinds: Mapping[str, str] | None = None,
    member: str = "",
) -> Dataset:
    """The table in a delimited text file, with one column to predict from the others.

    Args:
        path: the file, or a gzip or zip archive with one table in it; `~` is expanded.
        target: name of the column to be learned; else one called target, label, class or y, else the last one. Several
            (a list, or names with commas between them) are quantities that are learned together.
        delimiter: one character, or "auto": comma, semicolon, tab, bar or spaces, whichever fits.
        decimal: the decimal mark, or "auto".
        missing: what to do about features that are empty, NA, null, ?, -, a point alone, or not finite: refuse the
            file, drop such rows, put in the training rows' mean (words become a category of their own), or mark them by
            an input of their own besides. Rows without a target are always left out, and counted.
        encode: one 0/1 input for each category of a text column, or one input with codes 0, 1, … in sorted order. Of
            more than a thousand words the most common are kept, and the rest share one category.
        skip_bad_rows: leave out rows that are too long or short, and text in number columns, and say so.
        encoding: name of a text encoding, or "auto": by the byte order mark, UTF-8 without one.
        header: whether row 1 holds names; "auto": unless it holds only numbers, or words that come again below.
        task: whether the target is a class or a quantity; "auto" decides by its values: words, two numbers, codes and
            a few evenly repeated whole numbers from 0 or 1 are classes; counts and dates are quantities.
        kinds: for some columns, by name: "number", "category" (then `-`, `NA` and the like are words as any other) or
            "skip" (leave out). Row numbers and ids are left out, and codes are categories, unless a kind is given.
        member: which file of a zip archive is read, where several tables are in it.

    Raises:
        InputError: the file cannot be used as it is; names file, row (line of the file) and column, and the way out.
    """
    kind_of(path, (str, os.PathLike), "path", "read_csv", "give the name of a file")
    where = place_of(str(path))
    options = CsvOptions(
        target if target is None or isinstance(target, str) else ",".join(words(target, f"{where}, target")),
        delimiter,
        decimal,
        missing,
        encode,
        skip_bad_rows,
        encoding,
        header,
        task,
        {} if kinds is None else dict(kind_of(kinds, Mapping, "table of kinds", where, "give {'age': 'number'}")),
        member,
    ).validate(where)
    return columns_dataset(read_csv_columns(path, options), options, name=table_name(str(path)), where=where)


def read_csv_columns(path: str | os.PathLike[str], options: CsvOptions) -> NamedColumns:
    """The columns of a delimited text file, as text.

    Raises:
        InputError: the file cannot be used as it is.
    """
    where = place_of(str(path))
    limit = memory_budget() // _GROWTH
    with (
        open_regular(path, limit=limit, hint="give a sample of its rows") as file,
        open_packed(file, limit, where, options.member) as table,
        field_limit(),
    ):
        size = os.fstat(file.fileno()).st_size
        return read_table_text(table, options, where, lambda: report(file.tell(), size, "bytes"))
