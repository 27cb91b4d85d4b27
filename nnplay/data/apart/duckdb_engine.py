"""DuckDB in the reading process: shut off from every file but one, from the network, and from its own settings."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, BinaryIO, Final

import numpy as np

from nnplay.data.apart.wire import TooSlow, send, send_column
from nnplay.data.reading.gathering import GatheredColumn, Unreadable, gather, nothing
from nnplay.errors import InputError

_BEFORE: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "allow_unsigned_extensions": "false",
    "python_enable_replacements": "false",
    "python_scan_all_frames": "false",
}
_NUMBERS: Final = frozenset({"FLOAT", "DOUBLE", "DECIMAL", "HUGEINT", "UHUGEINT", "UBIGINT", "BIGNUM"})
_WHOLE: Final = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_TIMES: Final = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_WORDS: Final = frozenset({"VARCHAR", "ENUM", "UUID", "TIME", "TIME WITH TIME ZONE", "TIME_NS", '"NULL"', "NULL"})

_TOO_LARGE: Final = re.compile(r"with value (?P<value>.+?) can't be cast .*from source column nnplay_(?P<place>\d+)")

_open: list[Any] = []
_late = threading.Event()
_paths: list[str] = []


def connect(path: str, *, database: bool, memory: int) -> Any:
    """A connection that can read that file and do nothing else.

    Args:
        database: whether the file is a database; else one that queries read from.

    Raises:
        InputError: it cannot be opened.
    """
    import duckdb

    _paths.append(path)
    limits: dict[str, Any] = {"memory_limit": f"{memory >> 20}MB", "threads": "2", "temp_directory": ""}
    try:
        connection = duckdb.connect(path if database else ":memory:", read_only=database, config={**_BEFORE, **limits})
        if not database:
            connection.execute(f"SET allowed_paths=[{quoted(path)}]")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
    except duckdb.Error as error:
        raise InputError(_reason(error)) from None
    _open.append(connection)
    return connection


def interrupt_after(seconds: int) -> None:
    """Ends what is asked of the connections when so many seconds are over."""

    def end() -> None:
        _late.set()
        interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def interrupt() -> None:
    """Ends the query that runs."""
    for connection in _open:
        connection.interrupt()


def explained(error: Exception, what: str) -> Exception:
    """What an error of DuckDB's means for whoever asked."""
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return MemoryError()
    if isinstance(error, duckdb.InterruptException) and _late.is_set():
        return TooSlow()
    return InputError(f"{what}: {_reason(error)}")


def query(connection: Any, sql: str, what: str = "cannot be read") -> Any:
    """The result of a query.

    Raises:
        InputError: DuckDB refuses it.
        MemoryError: it needs more memory than it may have.
    """
    import duckdb

    try:
        return connection.execute(sql)
    except duckdb.Error as error:
        raise explained(error, what) from None


def send_result(
    connection: Any,
    sql: str,
    out: BinaryIO,
    *,
    skip: Sequence[str],
    most: int,
    hint: str,
    what: str = "cannot be read",
    too_many: str = "",
    notes: Sequence[str] = (),
) -> None:
    """Runs a query and sends its columns.

    Args:
        skip: columns that are not read.
        most: rows that may come; more are refused.
        what: is said in front of DuckDB's own words.
        hint, too_many: what to do about a column that is neither number nor word, and about too many rows.
        notes: what there is to say about it.
    """
    import duckdb

    described = query(connection, f"DESCRIBE {sql}", what).fetchall()
    names = [str(row[0]) for row in described]
    kinds = [
        _kind(name, str(row[1]), hint) if name not in skip else "" for name, row in zip(names, described, strict=True)
    ]
    wanted = ", ".join(_cast(place, kind) for place, kind in enumerate(kinds) if kind) or "0"
    renamed = ", ".join(map(_own, range(len(names))))
    try:
        found = connection.execute(f"SELECT {wanted} FROM ({sql}\n) AS t({renamed}) LIMIT {most + 1}").fetchnumpy()
    except duckdb.ConversionException as error:
        raise _out_of_range(error, names, hint) or explained(error, what) from None
    except duckdb.Error as error:
        raise explained(error, what) from None
    rows = len(next(iter(found.values()), ()))
    if rows > most:
        raise InputError(f"returns more than {most:,} rows", hint=too_many)
    for place, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        column = _gathered(name, kind, found.pop(_own(place))) if kind else nothing(rows)
        send_column(out, name, column)
    send(out, {"end": rows, "notes": list(notes)})


def _out_of_range(error: Exception, names: Sequence[str], hint: str) -> Unreadable | None:
    """What is said of a value that is too large for its cast, with the name that its column has for the user."""
    found = _TOO_LARGE.search(str(error))
    return Unreadable(names[int(found["place"])], f"{found['value'][:40]} is out of range", hint) if found else None


def _own(place: int) -> str:
    """What a column is called on the way, whatever name it has."""
    return f"nnplay_{place}"


def _kind(name: str, declared: str, hint: str) -> str:
    """What a column of that type becomes."""
    base = declared.partition("(")[0].strip().upper()
    if declared.endswith("]") or base in ("STRUCT", "MAP", "UNION", "BLOB", "BIT", "GEOMETRY", "VARIANT"):
        held = "bytes" if base in ("BLOB", "BIT", "GEOMETRY") else "lists or records"
        raise Unreadable(name, f"holds {held} ({declared[:40]}), and a cell is one number or word", hint)
    for kind, types in (("number", _NUMBERS), ("whole", _WHOLE), ("time", _TIMES), ("text", _WORDS)):
        if base in types:
            return kind
    return {"BOOLEAN": "truth", "TIMESTAMP WITH TIME ZONE": "zone", "INTERVAL": "interval"}.get(base, "text")


def _cast(place: int, kind: str) -> str:
    """What is asked for of a column; a time that is infinite says no more than a missing one."""
    casts = {
        "number": "CAST({0} AS DOUBLE)",
        "whole": "CAST({0} AS BIGINT)",
        "time": "CASE WHEN isfinite(CAST({0} AS TIMESTAMP)) THEN CAST({0} AS TIMESTAMP) END",
        "zone": "CASE WHEN isfinite({0}) THEN CAST(epoch_us({0}) AS BIGINT) END",
        "interval": "epoch({0}) / 86400",
        "text": "CAST({0} AS VARCHAR)",
        "truth": "{0}",
    }
    return f"{casts[kind].format(_own(place))} AS {_own(place)}"


def _gathered(name: str, kind: str, values: Any) -> GatheredColumn:
    if values.dtype == object:
        return gather(name, values.tolist())
    missing = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    plain = np.ma.getdata(values)
    if kind == "zone":
        kind, plain = "time", plain.astype("M8[us]")
    if kind == "time":
        missing = np.isnat(plain) if missing is None else missing | np.isnat(plain)
    wire = {"number": "number", "interval": "number", "whole": "whole", "truth": "truth", "time": "time"}[kind]
    some = missing if missing is not None and missing.any() else None
    return GatheredColumn(wire, len(plain), plain, some)  # type: ignore[arg-type]


def quoted(path: str) -> str:
    """A path as a word of SQL."""
    return "'" + path.replace("'", "''") + "'"


def _reason(error: Exception) -> str:
    """DuckDB's own words, without the name of the error and without paths of this machine."""
    first = str(error).partition("\n")[0]
    words = first.partition(": ")[2] or first
    for path in _paths:
        words = words.replace(path, PurePath(path).name)
    return words
