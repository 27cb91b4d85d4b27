"""PostgreSQL: the rows of one SELECT on a server, in a read-only transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.reading.addresses import place_of, read_address
from nnplay.data.reading.sql_source import SQL_FIELDS, query_order, read_query
from nnplay.data.reading.table_source import table_source
from nnplay.system.extras import need


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of the query's rows."""
    address, where = read_address(path), place_of(path)
    need("psycopg", "PostgreSQL servers are", where)
    server = {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "database": address.database,
        "options": address.options,
    }
    return read_query("postgresql", query_order(values, where) | server, where)


POSTGRESQL = table_source(
    "postgresql",
    title="a PostgreSQL server",
    label="PostgreSQL",
    about="The rows that one SELECT gives, in a read-only transaction; passwords come from PGPASSWORD or ~/.pgpass.",
    fields=SQL_FIELDS,
    columns=columns,
    schemes=("postgresql", "postgres"),
)
