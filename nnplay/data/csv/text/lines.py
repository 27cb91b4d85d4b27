"""The lines of a text file, decoded piece by piece: bounded memory, true line numbers, every line end known."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from nnplay.data.csv.advice import advice
from nnplay.errors import InputError
from nnplay.memory_budget import size_text

FIELD_LIMIT = 1 << 20
LINE_LIMIT = 8 << 20
_CHUNK = 1 << 18
#: Bytes of a table that are read at a time: much is done once a block.
_BLOCK = 1 << 20


class Lines(Iterator[str]):
    """Lines of a file, each ended by a newline whether the file has LF, CR LF or CR there; one by one, or in blocks.

    Args:
        encoding: name of a codec.
        skip: bytes at the beginning that are no text (the byte order mark).

    Raises:
        InputError: bytes that do not decode, a NUL character, or an endless line; with line and byte offset.
    """

    def __init__(self, file: BinaryIO, encoding: str, skip: int, where: str) -> None:
        self._blocks = _read_blocks(file, encoding, skip, where)
        self._lines: list[str] = []
        self._taken = 0
        self._one_by_one = False

    def __next__(self) -> str:
        if self._taken == len(self._lines):
            self._lines, self._taken, self._one_by_one = _split(next(self._blocks)), 0, False
        self._taken += 1
        return self._lines[self._taken - 1]

    def peek(self, count: int) -> list[str]:
        """The next `count` lines, or as many as there are, which are still to come."""
        while len(self._lines) - self._taken < count and (block := next(self._blocks, "")):
            self._lines = [*self._lines[self._taken :], *_split(block)]
            self._taken = 0
        return self._lines[self._taken : self._taken + count]

    def take_block(self) -> str:
        """About a million characters of whole lines; empty at the end, and before a block that was put back is over."""
        if self._taken == len(self._lines):
            return next(self._blocks, "")
        if self._one_by_one:
            return ""
        block = "".join(self._lines[self._taken :])
        self._lines, self._taken = [], 0
        return block

    def put_back(self, block: str) -> None:
        """Gives the lines of the block that was taken last one by one after all."""
        self._lines, self._taken, self._one_by_one = _split(block), 0, True


def _split(block: str) -> list[str]:
    return [line + "\n" for line in block[:-1].split("\n")]


def _read_blocks(file: BinaryIO, encoding: str, skip: int, where: str) -> Iterator[str]:
    """The text of `file` cut between lines."""
    begun, pending, number = [""], 0, 1
    for text in read_pieces(file, encoding, skip, where, _BLOCK):
        end = text.rfind("\n") + 1
        pending += text.index("\n") if end else len(text)
        if pending > LINE_LIMIT:
            what = f"the line is longer than {size_text(LINE_LIMIT)}; a field may hold {size_text(FIELD_LIMIT)}"
            raise InputError(what, where=f"{where}, row {number}", hint="is this really a table?")
        if end:
            yield "".join([*begun, text[:end]])
            begun, pending, number = [], 0, number + _count_ends(text)
        begun.append(text[end:])
        pending += len(text) - end if end else 0
    if last := "".join(begun):
        yield last + "\n"


def _count_ends(text: str) -> int:
    """How many newlines there are, several times as fast as `str.count`."""
    return int(np.count_nonzero(np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8) == ord("\n")))


def read_pieces(file: BinaryIO, encoding: str, skip: int, where: str, size: int = _CHUNK) -> Iterator[str]:
    """The text of `file` in pieces of `size` bytes, with LF for every line end; other arguments as for `Lines`.

    Raises:
        InputError: bytes that do not decode, or a NUL character; with line and byte offset.
    """
    file.seek(skip)
    ends = io.IncrementalNewlineDecoder(None, translate=True)
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, number = skip, 1
    while True:
        chunk = file.read(size)
        try:
            text = ends.decode(decoder.decode(chunk, final=not chunk), final=not chunk)
        except UnicodeDecodeError as error:
            good = ends.decode(error.object[: error.start].decode(encoding, errors="replace"), final=True)
            place = f"{where}, row {number + good.count(chr(10))}"
            raise _undecodable(error, offset + len(chunk), encoding, place) from None
        offset += len(chunk)
        _refuse_nul(text, number, where)
        yield text
        number += _count_ends(text)
        if not chunk:
            return


def _refuse_nul(text: str, number: int, where: str) -> None:
    """Refuses a NUL character; `number` is the line with which the text begins."""
    if "\0" in text:
        line = number + text[: text.index("\0")].count("\n")
        hint = f"is it a binary file, or UTF-16 without a byte order mark ({advice('encoding', 'utf-16-le')})?"
        raise InputError("a NUL byte", where=f"{where}, row {line}", hint=hint)


def _undecodable(error: UnicodeDecodeError, end: int, encoding: str, where: str) -> InputError:
    """`end` is where the bytes that the decoder saw end in the file; it may have kept some from the chunk before."""
    offset = end - len(error.object) + error.start
    bad = error.object[error.start : error.start + 1].hex()
    what = f"byte 0x{bad} at offset {offset:,} is not valid {encoding.upper()}"
    return InputError(what, where=where, hint=f"use {advice('encoding', 'cp1252', 'latin-1')} if it is one of these")
