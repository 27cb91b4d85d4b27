"""Files that a library reads in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nnplay.data.apart.reading import GROWTH, read_apart
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.csv.advice import advice
from nnplay.data.csv.text.other_formats import HEAD, recognise_format
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.reading.addresses import place_of
from nnplay.data.reading.table_source import skipped_columns
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget
from nnplay.system.extras import need
from nnplay.system.paths import whole_path

_SECONDS: Final = 3600
"""Long enough for any file that fits into memory; whoever waits may end it at any time."""


def read_file_apart(
    reader: str,
    path: str,
    values: Mapping[str, Any],
    *,
    library: str,
    what: str,
    signs: tuple[bytes, ...],
    order: Mapping[str, Any] | None = None,
) -> NamedColumns:
    """The columns of a file, read by that module of `apart.readers`.

    Args:
        library, what: what is needed for what, as in "duckdb", "Parquet files are".
        signs: with what bytes such a file begins.
        order: what the module is told besides the path.

    Raises:
        InputError: the library is missing, or the file is of another kind, too large, damaged, or changed meanwhile.
    """
    where, memory = place_of(path), memory_budget() // GROWTH
    with open_regular(path, limit=memory, hint="give a sample of its rows") as file:
        head = file.read(HEAD)
        if not head:
            raise InputError("is empty", where=where)
        if not head.startswith(signs):
            found = recognise_format(head)
            what_it_is = f"looks like {found.kind}" if found else "is damaged, or of another kind than its name says"
            raise InputError(what_it_is, where=where, hint=found.way_out if found else "")
        need(library, what, where)
        told = {
            "path": str(whole_path(path)),
            "memory": memory,
            "skip": skipped_columns(values),
            "hint": f"use {advice('kinds', {'…': 'skip'})} to leave it out",
            **(order or {}),
        }
        return read_apart(f"nnplay.data.apart.readers.{reader}", told, where=where, seconds=_SECONDS, memory=memory)
