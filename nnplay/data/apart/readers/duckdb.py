"""DuckDB's own databases: one SELECT, on a connection that can only read that file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from nnplay.data.apart.duckdb_engine import connect, explained, interrupt, interrupt_after, query, send_result
from nnplay.data.apart.query_rows import LEAVE_OUT
from nnplay.data.apart.sql_statement import choose_table, has_order
from nnplay.data.apart.wire import send
from nnplay.errors import InputError


def read_rows(order: Mapping[str, Any], out: BinaryIO) -> None:
    """Sends what `sql` selects from the database at `path`; the one table that there is, without `sql`."""
    import duckdb

    connection = connect(str(order["path"]), database=True, memory=int(order["memory"]))
    sql = str(order["sql"])
    unordered = [str(order["unordered"])] if sql and not has_order(sql) else []
    if sql:
        try:
            statements = duckdb.extract_statements(sql)
        except duckdb.Error as error:
            raise explained(error, "the query is refused") from None
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise InputError("only one SELECT is run")
    else:
        listed = query(connection, "SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
        sql = choose_table([row[0] for row in listed], str(order["say_which"]))
    send(out, {"begun": True})
    interrupt_after(int(order["max_seconds"]))
    send_result(
        connection,
        sql,
        out,
        skip=(),
        what="the query is refused",
        most=int(order["max_rows"]),
        hint=LEAVE_OUT,
        too_many=str(order["too_many"]),
        notes=unordered,
    )


def stop() -> None:
    """Ends the query."""
    interrupt()
