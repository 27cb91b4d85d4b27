"""Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.reading.file_apart import read_file_apart
from nnplay.data.reading.table_source import table_source


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of a file, each of its own type."""
    return read_file_apart("parquet", path, values, library="duckdb", what="Parquet files are", signs=(b"PAR1",))


PARQUET = table_source(
    "parquet",
    title="a Parquet file",
    label="Parquet",
    about="Typed columns, packed; nested ones are left out by kinds.",
    endings=(".parquet", ".pq"),
    columns=columns,
    recognise=lambda head: head.startswith(b"PAR1"),
)
