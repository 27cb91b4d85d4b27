"""IDX files, as MNIST's images and labels come.

Two zero bytes, the kind of numbers, how many axes, the size of each, then the numbers; the format is Yann LeCun's (http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.reading.addresses import place_of
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import clean

_TYPES: Final = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP: Final = b"\x1f\x8b"
#: A byte becomes float32, and is dealt into parts.
_GROWTH: Final = 10
_MOST_AXES: Final = 4
_AGAIN: Final = "get the file again"


def read_idx(path: str | Path) -> NDArray[np.generic]:
    """The array of an IDX file, packed by gzip or not.

    Raises:
        InputError: it is no IDX file, too large or damaged.
    """
    where, most = place_of(str(path)), memory_budget() // _GROWTH
    with open_regular(path, limit=most, hint="give a sample of its rows") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        content = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
        try:
            return _parse(content, where, most)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            what = f"looks like a gzip archive, but is damaged ({clean(str(error), 80)})"
            raise InputError(what, where=where, hint=_AGAIN) from None


def is_idx(head: bytes) -> bool:
    """Whether a file begins like one."""
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in _TYPES and 1 <= head[3] <= _MOST_AXES


def _parse(file: BinaryIO, where: str, most: int) -> NDArray[np.generic]:
    """The array; no more is read than the first bytes declare."""
    magic = file.read(4)
    if not is_idx(magic):
        shown = magic.hex(" ") or "nothing"
        raise InputError(f"is not an IDX file: it begins with {shown}", where=where, hint=_AGAIN)
    kind, axes = np.dtype(_TYPES[magic[2]]), magic[3]
    head = file.read(4 * axes)
    if len(head) < 4 * axes:
        raise InputError("ends within its first bytes", where=where, hint=_AGAIN)
    shape = tuple(int(size) for size in np.frombuffer(head, ">u4"))
    size = math.prod(shape) * kind.itemsize
    if size > most:
        what = f"declares {'×'.join(f'{part:,}' for part in shape)} numbers ({size_text(size)})"
        raise InputError(what, where=where, hint=f"at most {size_text(most)} fit into memory")
    content = file.read(size + 1)
    if len(content) != size:
        found = f"has only {len(content):,}" if len(content) < size else "has more"
        raise InputError(f"declares {size:,} bytes, and {found}", where=where, hint=_AGAIN)
    return np.frombuffer(content, kind).reshape(shape).astype(kind.newbyteorder("="))
