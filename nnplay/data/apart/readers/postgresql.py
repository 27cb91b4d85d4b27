"""PostgreSQL: one SELECT as a cursor in a read-only transaction, under the server's clock, cancelled when given up."""

from __future__ import annotations

import itertools
import os
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from nnplay.data.apart.query_rows import send_query_rows
from nnplay.data.apart.sql_statement import choose_table, has_order, tokens
from nnplay.data.apart.wire import TooSlow, send
from nnplay.data.reading.gathering import BLOCK
from nnplay.errors import InputError

#: Functions that act on the server, its files or other sessions; a read-only transaction does not stop all of them.
_ACTING: Final = re.compile(
    r"pg_(?!typeof$|size_pretty$|column_size$)\w+|lo_\w+|lo|dblink\w*|set_config|current_setting|nextval|setval"
    r"|(?:query|cursor|table|schema|database)_to_xml\w*|txid_current|xpath_table|file_fdw\w*|pglogical\w*"
)
_CONNECT_SECONDS: Final = 10
#: From this version on a server ends the query of a client that is gone.
_CHECKS_CLIENTS: Final = 140_000
#: Options of an address that are passed on; others could name files of secrets or run settings on the server.
_OPTIONS: Final = frozenset({"sslmode", "host", "port"})
_FETCH: Final = f"FETCH {BLOCK} FROM nnplay_rows"
_TRIES: Final = 20
_BETWEEN: Final = 0.1
"""Seconds between two tries to cancel a query."""

_open: list[Any] = []
_done = threading.Event()


def read_rows(order: Mapping[str, Any], out: BinaryIO) -> None:
    """Sends what `sql` selects on the server; the one table that there is, without `sql`."""
    import psycopg

    sql = str(order["sql"])
    _refuse_acting(sql)
    try:
        connection = _connect(order)
        with connection, connection.transaction(force_rollback=True):
            listed = (
                "SELECT table_name FROM information_schema.tables WHERE table_schema = ANY (current_schemas(false))"
            )
            sql = sql or choose_table(
                [row[0] for row in connection.execute(f"{listed} ORDER BY 1").fetchall()], str(order["say_which"])
            )
            send(out, {"begun": True})
            # As a prepared statement it can be no more than one, and a cursor is declared for nothing but a query.
            connection.execute(f"DECLARE nnplay_rows NO SCROLL CURSOR FOR {sql}", prepare=True)
            _send_rows(connection, sql, order, out)
    except psycopg.Error as error:
        raise _explained(error) from None
    finally:
        _done.set()


def _connect(order: Mapping[str, Any]) -> Any:
    import psycopg

    options = dict(order["options"])
    if unknown := sorted(options.keys() - _OPTIONS):
        raise InputError(f"'{unknown[0]}' cannot be set in an address", hint=f"known: {', '.join(sorted(_OPTIONS))}")
    milliseconds = 1000 * int(order["max_seconds"])
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": milliseconds,
        "lock_timeout": min(milliseconds, 10_000),
        "idle_in_transaction_session_timeout": milliseconds + 60_000,
        "max_parallel_workers_per_gather": 2,
    }
    parts = {"host": order["host"], "port": order["port"], "dbname": order["database"], "user": order["user"]} | options
    connection = psycopg.connect(
        **{name: value for name, value in parts.items() if value},
        connect_timeout=_CONNECT_SECONDS,
        application_name="nnplay",
        options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
    )
    _open.append(connection)
    if connection.info.server_version >= _CHECKS_CLIENTS:
        connection.execute("SET client_connection_check_interval = '2s'")
        connection.commit()
    connection.read_only = True
    return connection


def _refuse_acting(sql: str) -> None:
    """Refuses functions that do more than compute, however their names are quoted."""
    found = list(tokens(sql))
    for (kind, word, _), (_, after, _) in itertools.pairwise(found):
        name = word.strip('"').replace('""', '"').lower()
        if after == "(" and kind in ("word", "quoted") and _ACTING.fullmatch(name):
            raise InputError(f"the query is refused: {name} does more than read", hint="leave it out")
        if kind == "word" and name == "u" and after == "&":
            raise InputError("the query is refused: it has a name or text in escapes (U&)", hint="write it plainly")


def _send_rows(connection: Any, sql: str, order: Mapping[str, Any], out: BinaryIO) -> None:
    cursor = connection.cursor()
    first = cursor.execute(_FETCH).fetchall()
    names = [column.name for column in cursor.description or ()]
    notes = [] if has_order(sql) else [str(order["unordered"])]
    send_query_rows(names, _blocks(cursor, first), order, out, notes=notes)


def _blocks(cursor: Any, rows: list[Any]) -> Iterator[list[Any]]:
    while rows:
        yield rows
        rows = cursor.execute(_FETCH).fetchall()


def _explained(error: Any) -> Exception:
    import psycopg

    words = " ".join(str(error).split())
    secret = os.environ.get("PGPASSWORD")
    words = words.replace(secret, "…") if secret else words
    if isinstance(error, psycopg.errors.QueryCanceled) and "timeout" in words:
        return TooSlow()
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        asked = "password" in words or "authentication" in words
        hint = "put the password into the variable PGPASSWORD or into ~/.pgpass" if asked else "is the server running?"
        return InputError(f"cannot be reached: {words}", hint=hint)
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return InputError(f"the query is refused: {words}", hint="give one SELECT, which changes nothing")
    return InputError(f"the query is refused: {words}")


def stop() -> None:
    """Cancels what runs on the server until that has ended; what is only about to begin is met by the next try."""
    for _ in range(_TRIES):
        for connection in _open:
            connection.cancel_safe(timeout=1)
        if _done.wait(_BETWEEN):
            return
