"""One pack: the object code of many kernels in a file, and an index that says which sources each was compiled from.

    8 bytes     the word `nnplay` and the number of this format
    32 bytes    SHA-256 of the rest of the head
    8 bytes     size of the index
    the index   JSON: made_for, made_by, size, modules (digest of the source of each), kernels
    the code    of all kernels, one behind the other

`made_for` names the system, level and type; `made_by` the versions of the compiler. A kernel's entry is its place and
size in the code, its SHA-256, and the modules that it follows from, which are numbers in the list of modules. The same
sources and compiler make the same bytes. Code is read when it is asked for, and only what fits its digest is given.
"""

from __future__ import annotations

import hashlib
import os
import stat
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from nnplay.kernels.compile import sources
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.packs import index
from nnplay.kernels.packs.index import Compiled, DamagedPack, Index

_MAGIC: Final = b"nnplay\0\1"
_DIGEST: Final = hashlib.sha256().digest_size
_SIZE: Final = 8
_HEAD: Final = len(_MAGIC) + _DIGEST + _SIZE


class Pack:
    """A pack that is open for reading; its file may be replaced meanwhile, and this one stays as it is.

    Args:
        path: of the file.
        made_for: what the pack must have been made for.

    Raises:
        OSError: it cannot be read.
        DamagedPack: it is not whole, or made for something else.
    """

    def __init__(self, path: Path, made_for: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe in its place does not hold it up
        weakref.finalize(self, os.close, self._descriptor)
        info = os.fstat(self._descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise DamagedPack
        self._index, self._code_at = self._head()
        if self._index.made_for != made_for or self._code_at + self._index.size != info.st_size:
            raise DamagedPack

    @property
    def made_by(self) -> str:
        """The versions of all that compiled it."""
        return self._index.made_by

    def _head(self) -> tuple[Index, int]:
        """The index, and where the code begins."""
        head = os.pread(self._descriptor, _HEAD, 0)
        length = int.from_bytes(head[-_SIZE:], "little")
        if len(head) < _HEAD or not head.startswith(_MAGIC) or length > index.MOST:
            raise DamagedPack
        text = os.pread(self._descriptor, length, _HEAD)
        if hashlib.sha256(head[-_SIZE:] + text).digest() != head[len(_MAGIC) : -_SIZE]:
            raise DamagedPack
        return index.read(text), _HEAD + length

    def compiled(self, kernel: Kernel) -> Compiled | None:
        """The object code of a kernel; None if it is not here, or was compiled from other sources than today's.

        Raises:
            OSError: its code cannot be read.
            DamagedPack: its code is not what was written.
        """
        return self.entry(kernel.name)

    def entry(self, name: str) -> Compiled | None:
        """The same by the name under which it was put there."""
        entry = self._index.kernels.get(name)
        if entry is None or any(sources.digest(module) != known for module, known in entry.modules.items()):
            return None
        code = os.pread(self._descriptor, entry.size, self._code_at + entry.place)
        if hashlib.sha256(code).hexdigest() != entry.digest:
            raise DamagedPack
        return Compiled(code, entry.modules)


def packed(made_for: str, made_by: str, kernels: Mapping[str, Compiled]) -> bytes:
    """The bytes of a pack."""
    text = index.written(made_for, made_by, kernels)
    length = len(text).to_bytes(_SIZE, "little")
    code = b"".join(one.code for _, one in sorted(kernels.items()))
    return _MAGIC + hashlib.sha256(length + text).digest() + length + text + code
