"""Parquet files, read by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from nnplay.data.apart.duckdb_engine import connect, interrupt, query, quoted, send_result
from nnplay.data.columns.named_columns import MAX_COLUMNS
from nnplay.errors import InputError

_DAMAGED: Final = "is damaged, or not a Parquet file"
_CELL: Final = 8
"""Bytes that a cell takes at least."""


def read_rows(order: Mapping[str, Any], out: BinaryIO) -> None:
    """Sends the columns of `path`, without those that `skip` names."""
    path, memory = str(order["path"]), int(order["memory"])
    connection = connect(path, database=False, memory=memory)
    rows = query(connection, f"SELECT num_rows FROM parquet_file_metadata({quoted(path)})", _DAMAGED).fetchone()[0]
    table = f"SELECT * FROM read_parquet({quoted(path)})"
    names = [row[0] for row in query(connection, f"DESCRIBE {table}", _DAMAGED).fetchall()]
    if len(names) > MAX_COLUMNS:
        raise InputError(f"{len(names):,} columns; at most {MAX_COLUMNS:,} are supported")
    if rows * (len(names) - len(order["skip"])) * _CELL > memory:
        raise MemoryError
    if not rows:
        raise InputError("no data rows")
    send_result(connection, table, out, skip=order["skip"], most=rows, hint=str(order["hint"]))


def stop() -> None:
    """Ends the query."""
    interrupt()
