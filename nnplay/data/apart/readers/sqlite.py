"""SQLite databases: one SELECT on a file that is opened for reading only, under an authorizer, a clock and bounds."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from nnplay.data.apart.query_rows import send_query_rows
from nnplay.data.apart.sql_statement import choose_table
from nnplay.data.apart.wire import TooSlow, send
from nnplay.data.reading.gathering import BLOCK
from nnplay.errors import InputError, nearest
from nnplay.text import clean

#: What a query may do: read, call functions that compute, and recur.
_ALLOWED: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
#: Functions that reach out of the query.
_FORBIDDEN: Final = frozenset(
    {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "zeroblob", "randomblob"}
)
#: A row's or a text's size.
_LONGEST: Final = 16 << 20
#: Tables that are named where a query asks for one that is not there.
_LISTED: Final = 10
_LOOK_EVERY: Final = 20_000
"""Instructions of SQLite's machine between two looks at the clock."""

_open: list[sqlite3.Connection] = []


def read_rows(order: Mapping[str, Any], out: BinaryIO) -> None:
    """Sends what `sql` selects from the database at `path`; the one table that there is, without `sql`."""
    path, seconds = str(order["path"]), int(order["max_seconds"])
    sql = str(order["sql"])
    connection = _connect(path)
    send(out, {"begun": True})
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _LOOK_EVERY)
    try:
        sql = sql or choose_table(_table_names(connection), str(order["say_which"]))
        cursor = connection.execute(sql)
        send_query_rows([str(column[0]) for column in cursor.description or ()], _blocks(cursor), order, out)
    except sqlite3.Error as error:
        _, missing, table = str(error).partition("no such table: ")
        if missing:
            known = [clean(name, 40) for name in _table_names(connection)[:_LISTED]]
            raise InputError(f"the query is refused: {error}", hint=nearest(clean(table, 40), known)) from None
        raise _explained(error, late=time.monotonic() > deadline) from None
    except (ValueError, sqlite3.Warning) as error:
        raise InputError(f"the query is refused: {str(error).lower()}") from None


def _table_names(connection: sqlite3.Connection) -> list[str]:
    """The tables and views that there are, sorted."""
    listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    return [str(row[0]) for row in connection.execute(f"{listed} ORDER BY name")]


def _connect(path: str) -> sqlite3.Connection:
    """A connection that cannot write; where another program is writing meanwhile, it reads what is committed."""
    journal, log = Path(f"{path}-journal"), Path(f"{path}-wal")
    if journal.exists() and journal.stat().st_size:
        hint = "open it once with the program that it belongs to"
        raise InputError("is being written, or was left half-written", hint=hint)
    still = "" if log.exists() and log.stat().st_size else "&immutable=1"
    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro{still}", uri=True, timeout=2, isolation_level=None)
        _open.append(connection)
        _harden(connection)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise _explained(error) from None
    connection.set_authorizer(_authorizer())
    connection.text_factory = lambda content: content.decode("utf-8", errors="replace")
    return connection


def _harden(connection: sqlite3.Connection) -> None:
    for pragma in ("query_only=on", "trusted_schema=off", "cell_size_check=on", "mmap_size=0", "temp_store=memory"):
        connection.execute(f"PRAGMA {pragma}")
    for limit, value in (
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST),
        (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 200_000),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 200),
        (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
    ):
        connection.setlimit(limit, value)


def _authorizer() -> Callable[..., int]:
    def allow(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
        function = action == sqlite3.SQLITE_FUNCTION and str(second).lower() in _FORBIDDEN
        return sqlite3.SQLITE_OK if action in _ALLOWED and not function else sqlite3.SQLITE_DENY

    return allow


def _blocks(cursor: sqlite3.Cursor) -> Iterator[list[Any]]:
    while rows := cursor.fetchmany(BLOCK):
        yield rows


def _explained(error: sqlite3.Error, *, late: bool = False) -> Exception:
    words, name = str(error), getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_NOTADB"):
        return InputError("is not an SQLite database, or is encrypted")
    if name.startswith("SQLITE_CORRUPT"):
        return InputError("is damaged", hint="repair it with sqlite3 FILE .recover")
    if name.startswith("SQLITE_INTERRUPT") and late:
        return TooSlow()
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return InputError("is locked by another program", hint="try again when that is done")
    if name.startswith("SQLITE_AUTH") or "not authorized" in words:
        return InputError(f"the query is refused: {words}", hint="give one SELECT, which changes nothing")
    if name.startswith(("SQLITE_TOOBIG", "SQLITE_NOMEM")):
        return InputError(f"the query is refused: it makes a value larger than {_LONGEST >> 20} MiB")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR")):
        return InputError(f"cannot be opened: {words}", hint="is another program writing to it?")
    return InputError(f"the query is refused: {words}")


def stop() -> None:
    """Ends the query."""
    for connection in _open:
        connection.interrupt()
