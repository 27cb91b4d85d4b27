"""A table inside a gzip or zip archive, read as it is unpacked, within bounds; no file is ever written."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final, cast

from nnplay.data.csv.advice import advice
from nnplay.errors import InputError, unknown
from nnplay.memory_budget import size_text
from nnplay.text import clean, counted

ENDINGS: Final = (".csv", ".tsv", ".txt", ".dat", ".data", ".tab")
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
#: A table of words and numbers is seldom packed to a fiftieth; what unpacks to more than this is made to fill a memory.
_RATIO: Final = 100
_ALWAYS: Final = 1 << 20
#: So much is unpacked before any of it is read as a table, in pieces of the second size.
_LOOK_AHEAD: Final = 8 << 20
_PIECE: Final = 1 << 18
#: So many files of an archive are looked at.
_MOST_MEMBERS: Final = 10_000
_ENCRYPTED: Final = 1


@contextmanager
def open_packed(file: BinaryIO, limit: int, where: str, member: str = "") -> Iterator[BinaryIO]:
    """The bytes of the table in `file`: those of the file itself unless it is a gzip or zip archive.

    Args:
        limit: the most bytes that are unpacked.
        member: which file of a zip archive is wanted; by default the only table in it.

    Raises:
        InputError: several tables or none in a zip archive, a damaged archive, or one that unpacks to more than fits.
    """
    head = file.read(len(_ZIP))
    file.seek(0)
    if member and not head.startswith(_ZIP):
        what = f"is not a zip archive, so it does not contain '{clean(member)}'"
        raise InputError(what, where=where, hint="leave the option 'member' out")
    if not head.startswith((_GZIP, _ZIP)):
        yield file
        return
    with _refuse_damage("gzip" if head.startswith(_GZIP) else "zip", where):
        if head.startswith(_GZIP):
            yield _look_ahead(_Bounded(gzip.GzipFile(fileobj=file), file, limit, where))
            return
        archive = zipfile.ZipFile(file)
        found = _find_member(archive, member, where) if member else _find_table(archive, where)
        if found is None:
            file.seek(0)
            yield file
            return
        if found.flag_bits & _ENCRYPTED:
            raise InputError("needs a password", where=where, hint="unpack it first and give the CSV file in it")
        _refuse_swelling(found.file_size, found.compress_size, limit, where)  # no more than that is ever unpacked
        with archive.open(found) as unpacked:
            yield _look_ahead(_Bounded(unpacked, file, limit, where))


def _look_ahead(file: _Bounded) -> BinaryIO:
    """The file at its beginning, once it has been seen not to swell out of all proportion."""
    for _ in range(_LOOK_AHEAD // _PIECE):
        if not file.read(_PIECE):
            break
    file.seek(0)
    return cast(BinaryIO, file)


def _find_member(archive: zipfile.ZipFile, wanted: str, where: str) -> zipfile.ZipInfo:
    """The file of an archive that is called so, with its folders or without.

    Raises:
        InputError: there is none, or there are several.
    """
    files = [member for member in archive.infolist()[:_MOST_MEMBERS] if not member.is_dir()]
    found = [member for member in files if member.filename == wanted]
    found = found or [member for member in files if PurePosixPath(member.filename).name == wanted]
    if not found:
        raise unknown("file in the archive", wanted, [member.filename for member in files[:1000]], where=where)
    if len(found) > 1:
        names = ", ".join(clean(member.filename, 40) for member in found[:5])
        twins = len({member.filename for member in found}) < len(found)  # no name tells them apart
        hint = "unpack it and give the file that is meant" if twins else "give its folder too"
        raise InputError(f"holds {len(found):,} files of that name: {names}", where=where, hint=hint)
    return found[0]


def _find_table(archive: zipfile.ZipFile, where: str) -> zipfile.ZipInfo | None:
    """The one table of an archive, or None where it holds other things."""
    members = [member for member in archive.infolist()[:_MOST_MEMBERS] if not member.is_dir()]
    tables = [member for member in members if _is_table(PurePosixPath(member.filename))]
    if not tables or any(member.filename in ("mimetype", "[Content_Types].xml") for member in members):
        return None
    if len(tables) > 1:
        names = ", ".join(clean(member.filename, 40) for member in tables[:5]) + (", …" if len(tables) > 5 else "")
        what = f"holds {counted(len(tables), 'table')}: {names}"
        raise InputError(what, where=where, hint=f"use {advice('member', tables[0].filename)} for the first of them")
    return tables[0]


def _is_table(name: PurePosixPath) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    notes = name.stem.lower() in ("readme", "license", "licence", "notes", "about")
    return name.suffix.lower() in ENDINGS and not hidden and not notes


@contextmanager
def _refuse_damage(kind: str, where: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError) as error:
        what = f"looks like a {kind} archive, but is damaged ({clean(str(error), 80)})"
        raise InputError(
            what, where=where, hint="download the file again, or unpack it and give what can be read"
        ) from None


def _refuse_swelling(unpacked: int, taken: int, limit: int, where: str) -> None:
    """Refuses so many bytes, out of so many of the archive, where they are too many."""
    most = min(limit, max(_ALWAYS, _RATIO * taken))
    if unpacked > most:
        what = f"unpacks from {size_text(taken)} to more than {size_text(most)}"
        hint = "give a sample of its rows" if most == limit else "unpack it first if you trust it"
        raise InputError(what, where=where, hint=hint)


class _Bounded:
    """Reads an unpacked file no further than its bounds allow."""

    def __init__(self, file: Any, packed: BinaryIO, limit: int, where: str) -> None:
        self._file = file
        self._packed = packed
        self._limit = limit
        self._where = where

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; refused where more came out of what was taken from the archive than the bounds allow."""
        data: bytes = self._file.read(size)
        _refuse_swelling(self._file.tell(), self._packed.tell(), self._limit, self._where)
        return data

    def seek(self, place: int) -> int:
        """Go back to `place`."""
        return int(self._file.seek(place))
