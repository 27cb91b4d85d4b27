"""An unnamed file for the text of wide tables, which can be larger than the inputs made from it."""

from __future__ import annotations

import errno
import os
import tempfile
import weakref
from typing import BinaryIO, Final

from nnplay.errors import InputError
from nnplay.system.private_folder import cache_folder, make_private

Stored = bytes | tuple[int, int]
"""Bytes that stayed in memory, or where in the file they begin and how many they are."""

#: Bytes that are not worth a file.
_HELD: Final = 1 << 20


class TextStore:
    """Keeps bytes in a file of the user's cache folder that no one else can open and that is gone
    when the program ends.

    Where no such file can be written, or the disk is full, they stay in memory.
    """

    __slots__ = ("__weakref__", "_end", "_file", "_held")

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._held = self._end = 0

    def put(self, content: bytes) -> Stored:
        """Keeps some bytes; what is returned gets them back."""
        if self._held + len(content) <= _HELD:
            self._held += len(content)
            return content
        try:
            if self._file is None:
                folder = make_private(cache_folder("texts"))
                self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            written = 0
            while written < len(content):
                written += os.pwrite(self._file.fileno(), content[written:], self._end + written)
        except OSError:
            return content
        place = (self._end, len(content))
        self._end += len(content)
        return place

    def get(self, stored: Stored) -> bytes:
        """The bytes that were put away.

        Raises:
            InputError: the disk does not give them back.
        """
        if isinstance(stored, bytes):
            return stored
        assert self._file is not None
        begin, size = stored
        pieces: list[bytes] = []
        try:
            while size and (piece := os.pread(self._file.fileno(), size, begin)):
                pieces.append(piece)
                begin, size = begin + len(piece), size - len(piece)
            if size:
                raise OSError(errno.EIO, "its end is missing")
        except OSError as error:
            what = f"the text of a wide table cannot be read again: {error.strerror or error}"
            raise InputError(what, hint="read the file again") from None
        return b"".join(pieces)
