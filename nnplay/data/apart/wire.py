"""Columns as bytes between two processes: plain arrays and text with their sizes in front, never Python objects.

Each message is a line of JSON; that of a column is followed by its values, and by a byte a row where some are missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import numpy as np

from nnplay.data.reading.gathering import TYPES, GatheredColumn

_LONGEST_LINE: Final = 1 << 20
"""Bytes of the line in front of a message."""


class TooSlow(Exception):
    """What was asked took longer than it may."""


def send(out: BinaryIO, message: Mapping[str, Any], *buffers: bytes) -> None:
    """Writes a message and what belongs to it."""
    out.write(json.dumps(message).encode() + b"\n")
    for buffer in buffers:
        out.write(buffer)
    out.flush()


def send_column(out: BinaryIO, name: str, column: GatheredColumn, *, numbers: bool = False) -> None:
    """Writes a column; or, after all columns, the `numbers` by which messages name the rows."""
    if isinstance(column.values, str):
        values = column.values.encode("utf-8", errors="replace")
    else:
        values = np.ascontiguousarray(column.values, dtype=TYPES[column.kind]).tobytes()
    missing = b"" if column.missing is None else np.ascontiguousarray(column.missing, dtype="|b1").tobytes()
    head = {"column": name, "kind": column.kind, "rows": column.rows, "size": len(values), "missing": len(missing)}
    send(out, head | {"numbers": True} if numbers else head, values, missing)


class Received:
    """Takes bytes as they come, and gives the messages that are whole by now.

    Args:
        limit: bytes of all columns together.
    """

    def __init__(self, limit: int) -> None:
        self._rest = bytearray()
        self._left = limit
        self._awaited: dict[str, Any] | None = None

    def take(self, piece: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """The messages that end with this piece, each with what belongs to it.

        Raises:
            MemoryError: the columns are larger than they may be.
            ValueError: these are no messages.
        """
        self._rest += piece
        found: list[tuple[dict[str, Any], bytes]] = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    @property
    def whole(self) -> bool:
        """Whether nothing is left of a message that was cut off."""
        return not self._rest and self._awaited is None

    def _next(self) -> tuple[dict[str, Any], bytes] | None:
        if self._awaited is None:
            end = self._rest.find(b"\n")
            if end < 0:
                if len(self._rest) > _LONGEST_LINE:
                    raise ValueError("no message")
                return None
            head = json.loads(self._rest[:end])
            if not isinstance(head, dict):
                raise ValueError("no message")
            del self._rest[: end + 1]
            self._awaited = head
            self._left -= _size(head)
            if self._left < 0:
                raise MemoryError
        size = _size(self._awaited)
        if len(self._rest) < size:
            return None
        message, body = self._awaited, bytes(memoryview(self._rest)[:size])
        del self._rest[:size]
        self._awaited = None
        return message, body


def _size(head: Mapping[str, Any]) -> int:
    sizes = (head.get("size", 0), head.get("missing", 0))
    if not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise ValueError("no size")
    return sum(sizes)


def column_of(head: Mapping[str, Any], body: bytes) -> GatheredColumn:
    """The column that a message brings.

    Raises:
        KeyError: no such kind.
        ValueError: its sizes do not fit.
    """
    kind, rows, size = head["kind"], int(head["rows"]), head["size"]
    if kind == "text":
        text = body[:size].decode("utf-8")
        if rows and text.count("\0") != rows - 1:
            raise ValueError("of another length")
        return GatheredColumn("text", rows, text)
    values = np.frombuffer(body[:size], TYPES[kind])
    missing = np.frombuffer(body, "|b1", offset=size) if head["missing"] else None
    if len(values) != rows or (missing is not None and len(missing) != rows):
        raise ValueError("of another length")
    return GatheredColumn(kind, rows, values, missing)
