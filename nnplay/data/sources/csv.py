"""CSV files: any delimited text with a row for each example, one column of which is learned from the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.csv.csv_file import read_csv_columns
from nnplay.data.reading.table_source import ENCODING, HEADER, table_options, table_source
from nnplay.fields import text


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of a file, as text."""
    return read_csv_columns(path, table_options(path, values))


CSV = table_source(
    "csv",
    title="a CSV file",
    label="CSV",
    about="Delimited text in columns of numbers, words and dates; one or several are learned from the others.",
    endings=(".csv", ".tsv", ".gz", ".zip"),
    shared_endings=(".txt", ".txt.gz"),
    fields=(
        text("delimiter", "auto", "one character, tab, or auto"),
        ENCODING,
        HEADER,
        text("member", "", "which table of a zip archive, where it holds several"),
    ),
    columns=columns,
    takes_any=True,
)
