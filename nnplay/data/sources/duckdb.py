"""DuckDB databases: the rows of one SELECT."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.reading.addresses import place_of
from nnplay.data.reading.sql_source import SQL_FIELDS, is_database, read_database_file
from nnplay.data.reading.table_source import table_source
from nnplay.system.extras import need


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of the query's rows."""
    need("duckdb", "DuckDB databases are", place_of(path))
    return read_database_file("duckdb", path, values)


DUCKDB = table_source(
    "duckdb",
    title="a DuckDB database",
    label="DuckDB",
    about="The rows that one SELECT gives, read only, by a process that can open no other file.",
    endings=(".duckdb", ".ddb"),
    fields=SQL_FIELDS,
    columns=columns,
    recognise=partial(is_database, "duckdb"),
    schemes=("duckdb",),
)
