"""Arrays as NumPy writes them, read without trust: the header is matched, never evaluated, and nothing is unpickled."""

from __future__ import annotations

import math
import re
import struct
import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError

MAGIC: Final = b"\x93NUMPY"
_HEADER: Final = re.compile(
    rb"\{\s*'descr':\s*'([<>|=]?(?:\?|b1|[iu][1248]|f[248]|U[1-9]\d{0,5}))',\s*'fortran_order':\s*(True|False),"
    rb"\s*'shape':\s*\(((?:\d{1,15}(?:,\s?\d{1,15}){0,31},?)?)\),?\s*\}\s*"
)
_OBJECTS: Final = "Python objects are never loaded (loading them can run code); convert it to numbers or words first"


def parse_array(content: bytes, where: str, hint: str) -> NDArray[Any]:
    """The array of numbers or words that all bytes of a file are.

    Args:
        hint: how one is written.

    Raises:
        InputError: it holds objects, or is damaged.
        struct.error: it ends within its header.
    """
    if content[:6] != MAGIC or content[6:7] not in (b"\1", b"\2", b"\3"):
        raise InputError("is not a NumPy array", where=where, hint=hint)
    start, length = (10, "<H") if content[6] == 1 else (12, "<I")
    begin = start + struct.unpack_from(length, content, 8)[0]
    header = _HEADER.fullmatch(content[start:begin])
    if header is None:
        raise InputError("contains neither numbers nor words", where=where, hint=_OBJECTS)
    kind = np.dtype(header[1].decode())
    shape = tuple(int(size) for size in re.findall(rb"\d+", header[3]))
    if math.prod(shape) * kind.itemsize != len(content) - begin:
        raise InputError("is damaged: its size does not match its shape", where=where, hint=hint)
    order: Any = "F" if header[2] == b"True" else "C"
    if kind.kind == "U" and (np.frombuffer(content, f"{kind.byteorder}u4", offset=begin) > sys.maxunicode).any():
        raise InputError("contains numbers instead of letters", where=where, hint=hint)
    return np.frombuffer(content, kind, offset=begin).reshape(shape, order=order).copy()
