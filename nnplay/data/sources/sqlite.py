"""SQLite databases: the rows of one SELECT."""

from __future__ import annotations

from functools import partial

from nnplay.data.reading.sql_source import SQL_FIELDS, is_database, read_database_file
from nnplay.data.reading.table_source import table_source

SQLITE = table_source(
    "sqlite",
    title="an SQLite database",
    label="SQLite",
    about="The rows that one SELECT gives, read only: no query can write, load or reach another file.",
    endings=(".db", ".sqlite", ".sqlite3", ".db3"),
    fields=SQL_FIELDS,
    columns=partial(read_database_file, "sqlite"),
    recognise=partial(is_database, "sqlite"),
    schemes=("sqlite",),
)
