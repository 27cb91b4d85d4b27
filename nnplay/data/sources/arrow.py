"""Arrow and Feather files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.reading.file_apart import read_file_apart
from nnplay.data.reading.table_source import table_source

#: Of a file, of a Feather file in its first version, and of a stream.
_SIGNS: Final = (b"ARROW1", b"FEA1", b"\xff\xff\xff\xff")


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of a file, each of its own type."""
    return read_file_apart("arrow", path, values, library="pyarrow", what="Arrow and Feather files are", signs=_SIGNS)


ARROW = table_source(
    "arrow",
    title="an Arrow or Feather file",
    label="Arrow",
    about="Typed columns as they lie in memory; nested ones are left out by kinds.",
    endings=(".feather", ".arrow", ".ipc", ".arrows"),
    columns=columns,
    recognise=lambda head: head.startswith(_SIGNS[:2]),
)
