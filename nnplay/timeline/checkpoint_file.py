"""A file of checkpoints beyond what memory may hold, which nobody else sees."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[Any]
#: Of the room that is left on the disk, the file takes at most one part in so many.
_SHARE_OF_DISK: Final = 8


class CheckpointFile:
    """A file of equally large records, unlinked as soon as it is made: it ends with the process.

    Args:
        room: bytes that it may take at the most; less where the disk has less.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._descriptor = -1
        self._free: list[int] = []
        self._end = 0
        self._record = 0

    @property
    def used(self) -> int:
        """Records in use."""
        return self._end - len(self._free)

    def write(self, vector: Vector) -> int | None:
        """Writes a vector; returns the number of its record, or None where there is no room for it."""
        self._record = self._record or vector.nbytes
        if (
            vector.nbytes != self._record
            or not self._open()
            or not (self._free or (self._end + 1) * vector.nbytes <= self._room)
        ):
            return None
        record = self._free[-1] if self._free else self._end
        try:
            written = os.pwrite(self._descriptor, vector.data, record * vector.nbytes)
        except OSError:
            written = 0
        if written != vector.nbytes:
            self._room = 0  # the disk is full or gone: what is there can be read, but nothing more is put there
            return None
        if self._free:
            self._free.pop()
        else:
            self._end += 1
        return record

    def read(self, record: int, like: Vector) -> Vector:
        """The vector of a record, of the size and type of another one."""
        vector: Vector = np.empty_like(like)
        if os.preadv(self._descriptor, [vector.data], record * vector.nbytes) != vector.nbytes:
            raise OSError("a checkpoint of the run could not be read back")
        return vector

    def free(self, record: int) -> None:
        """Makes the room of a record free for another one."""
        self._free.append(record)

    def _open(self) -> bool:
        if self._descriptor < 0 and self._room:
            folder = Path("/var/tmp")  # a disk, where /tmp may be memory
            try:
                where = str(folder) if folder.is_dir() and os.access(folder, os.W_OK) else tempfile.gettempdir()
                self._room = min(self._room, shutil.disk_usage(where).free // _SHARE_OF_DISK)
                with tempfile.TemporaryFile(dir=where) as file:
                    self._descriptor = os.dup(file.fileno())
                weakref.finalize(self, os.close, self._descriptor)
            except OSError:
                self._room = 0
        return self._descriptor >= 0
