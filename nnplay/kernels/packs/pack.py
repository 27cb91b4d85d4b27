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
import json
import os
import stat
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnplay.kernels.compile import sources
from nnplay.kernels.compile.jit import Kernel

_MAGIC: Final = b"nnplay\0\1"
_DIGEST: Final = hashlib.sha256().digest_size
_SIZE: Final = 8
_HEAD: Final = len(_MAGIC) + _DIGEST + _SIZE
#: No index is nearly as large, and no object code.
_MOST: Final = 64 << 20


class DamagedPack(Exception):
    """A file that is no whole pack, or one that was made for something else."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A kernel's object code, and the modules (by name) that it follows from, with the digests of their sources."""

    code: bytes
    modules: Mapping[str, str]


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
        index = self._index(info.st_size)
        if index["made_for"] != made_for or self._code_at + index["size"] != info.st_size:
            raise DamagedPack
        self.made_by: str = index["made_by"]
        self._modules: list[tuple[str, str]] = index["modules"]
        self._kernels: dict[str, Any] = index["kernels"]

    def _index(self, size: int) -> dict[str, Any]:
        head = os.pread(self._descriptor, _HEAD, 0)
        length = int.from_bytes(head[-_SIZE:], "little")
        if len(head) < _HEAD or not head.startswith(_MAGIC) or length > min(size, _MOST):
            raise DamagedPack
        text = os.pread(self._descriptor, length, _HEAD)
        if hashlib.sha256(head[-_SIZE:] + text).digest() != head[len(_MAGIC) : -_SIZE]:
            raise DamagedPack
        self._code_at = _HEAD + length
        index: dict[str, Any] = json.loads(text)
        return index

    def names(self) -> Iterable[str]:
        """The kernels that it holds."""
        return self._kernels.keys()

    def compiled(self, kernel: Kernel) -> Compiled | None:
        """The object code of a kernel; None if it is not here, or was compiled from other sources than today's.

        Raises:
            DamagedPack: its code is not what was written.
        """
        if kernel.name not in self._kernels:
            return None
        place, size, digest, numbers = self._kernels[kernel.name]
        modules = dict(self._modules[number] for number in numbers)
        if any(sources.digest(name) != known for name, known in modules.items()):
            return None
        code = os.pread(self._descriptor, size, self._code_at + place)
        if hashlib.sha256(code).hexdigest() != digest:
            raise DamagedPack
        return Compiled(code, modules)


def packed(made_for: str, made_by: str, kernels: Mapping[str, Compiled]) -> bytes:
    """The bytes of a pack."""
    modules = sorted({item for one in kernels.values() for item in one.modules.items()})
    numbers = {item: number for number, item in enumerate(modules)}
    entries: dict[str, Sequence[object]] = {}
    place = 0
    for name, one in sorted(kernels.items()):
        behind = sorted(numbers[item] for item in one.modules.items())
        entries[name] = (place, len(one.code), hashlib.sha256(one.code).hexdigest(), behind)
        place += len(one.code)
    index = {"made_for": made_for, "made_by": made_by, "size": place, "modules": modules, "kernels": entries}
    text = json.dumps(index, separators=(",", ":")).encode()
    length = len(text).to_bytes(_SIZE, "little")
    code = b"".join(one.code for _, one in sorted(kernels.items()))
    return _MAGIC + hashlib.sha256(length + text).digest() + length + text + code
