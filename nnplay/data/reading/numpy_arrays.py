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
#: What an array may hold instead of numbers or words: what its type begins with, what it is, and what to make of it.
_OTHERS: Final = (
    (
        rb"'[<>|=]?O",
        "Python objects",
        "they are never loaded (loading them can run code); make numbers or words of them",
    ),
    (rb"'[<>|=]?c\d", "complex numbers", "store the real and imaginary parts as separate numbers"),
    (rb"'[<>|=]?M8", "dates", "convert them to days: (x - numpy.datetime64('2000-01-01')) / numpy.timedelta64(1, 'D')"),
    (rb"'[<>|=]?m8", "lengths of time", "convert them to days: x / numpy.timedelta64(1, 'D')"),
    (rb"'[<>|=]?f16", "numbers of 128 bits", "x.astype(float) makes numbers of 64 bits"),
    (rb"'[<>|=]?[SV]", "bytes", "make numbers or words of them, as x.astype(str) does"),
    (rb"\[\(", "records", "give the array as a table instead: nnplay.read_table(records, target='…')"),
)


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
        raise _describe_refusal(content[start:begin], where, hint)
    kind = np.dtype(header[1].decode())
    shape = tuple(int(size) for size in re.findall(rb"\d+", header[3]))
    if math.prod(shape) * kind.itemsize != len(content) - begin:
        raise InputError("is damaged: its size does not match its shape", where=where, hint=hint)
    order: Any = "F" if header[2] == b"True" else "C"
    if kind.kind == "U" and (np.frombuffer(content, f"{kind.byteorder}u4", offset=begin) > sys.maxunicode).any():
        raise InputError("contains numbers instead of letters", where=where, hint=hint)
    return np.frombuffer(content, kind, offset=begin).reshape(shape, order=order).copy()


def _describe_refusal(header: bytes, where: str, hint: str) -> InputError:
    """What is wrong with a header: what the array holds instead of numbers and words, or that it is damaged."""
    for pattern, kind, way_out in _OTHERS:
        if re.match(rb"\{\s*'descr':\s*" + pattern, header):
            return InputError(f"holds {kind}, not numbers or words", where=where, hint=way_out)
    return InputError("is damaged: its header is not one that NumPy writes", where=where, hint=hint)
