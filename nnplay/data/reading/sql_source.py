"""Databases as sources: what can be said of a query, and how it is handed to the reading process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from nnplay.arguments import kind_of
from nnplay.data.apart.reading import GROWTH, read_apart
from nnplay.data.apart.sql_statement import one_select
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.csv.advice import advice
from nnplay.data.csv.text.other_formats import HEAD, refuse_binary
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.reading.addresses import is_address, place_of, read_address
from nnplay.errors import InputError
from nnplay.fields import Field, fill, integer, text
from nnplay.memory_budget import memory_budget
from nnplay.system.paths import whole_path

SQL_FIELDS: Final[tuple[Field, ...]] = (
    text("sql", "", "one SELECT; not needed where there is one table", longest=100_000),
    integer("max_rows", 1_000_000, "most rows that a query may return", high=10**9),
    integer("max_seconds", 30, "longest time that a query may take", high=86_400),
)
#: Where in a file of each kind which bytes are.
_SIGNS: Final = {"sqlite": (0, b"SQLite format 3\0"), "duckdb": (8, b"DUCK")}
_UNORDERED: Final = (
    "the query has no ORDER BY: its rows may come in another order next time, "
    "and a saved run would then take its data for others"
)


def query_order(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """What the reading process is told of the query, with the hints that it may need.

    Raises:
        InputError: it is not one SELECT, or a limit is no such number.
    """
    limits = SQL_FIELDS[1:]
    given = fill(limits, {field.name: values[field.name] for field in limits if field.name in values}, where)
    sql = kind_of(values.get("sql", ""), str, "query", f"{where}, sql", "give one SELECT")
    try:
        given["sql"] = one_select(sql)
    except InputError as error:
        raise InputError(error.what, where=where, hint=error.hint) from None
    return {
        **given,
        "say_which": f"use {advice('sql', 'SELECT * FROM …')} to say which",
        "too_many": f"add LIMIT or WHERE, or use {advice('max_rows', 10 * int(given['max_rows']))}",
        "unordered": _UNORDERED,
    }


def read_query(reader: str, order: Mapping[str, Any], where: str) -> NamedColumns:
    """The rows of a query, read by that module of `apart.readers`."""
    memory = memory_budget() // GROWTH
    told = {**order, "memory": memory}
    module = f"nnplay.data.apart.readers.{reader}"
    return read_apart(module, told, where=where, seconds=int(order["max_seconds"]), memory=memory)


def is_database(reader: str, head: bytes) -> bool:
    """Whether a file that begins so is a database of that kind."""
    place, sign = _SIGNS[reader]
    return head[place : place + len(sign)] == sign


def read_database_file(reader: str, source: str, values: Mapping[str, Any]) -> NamedColumns:
    """The rows of a query on a database that is one file.

    Raises:
        InputError: the address names more than a file; it is none, of another format, or changed meanwhile; the query
            is refused.
    """
    path, where = source, place_of(source)
    if is_address(source):
        address = read_address(source)
        if address.host or address.user or address.options or not address.database:
            hint = f"as in {address.scheme}:///shop.db, or ////home/me/shop.db for a path that begins at the root"
            raise InputError("an address of a database file is three slashes and a path", where=where, hint=hint)
        path = address.database
    with open_regular(path, limit=sys.maxsize) as file:
        head = file.read(HEAD)
        if not head:
            raise InputError("is empty", where=where)
        if not is_database(reader, head):
            refuse_binary(head, where)
        return read_query(reader, query_order(values, where) | {"path": str(whole_path(path))}, where)
