"""A table inside a gzip or zip archive, read as it is unpacked, within bounds; no file is ever written."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final, cast

from nnplay.errors import InputError
from nnplay.memory_budget import size_text
from nnplay.text import clean, counted

ENDINGS: Final = (".csv", ".tsv", ".txt", ".dat", ".data", ".tab")
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
#: A table of words and numbers is seldom packed to a fiftieth; what unpacks to more than this is made to fill a memory.
_RATIO: Final = 200
_ALWAYS: Final = 1 << 20
#: So many files of an archive are looked at.
_MOST_MEMBERS: Final = 10_000
_ENCRYPTED: Final = 1


@contextmanager
def open_packed(file: BinaryIO, limit: int, where: str) -> Iterator[BinaryIO]:
    """The bytes of the table in `file`: those of the file itself unless it is a gzip or zip archive.

    Args:
        limit: the most bytes that are unpacked.

    Raises:
        InputError: several tables or none in a zip archive, a damaged archive, or one that unpacks to more than fits.
    """
    head = file.read(len(_ZIP))
    file.seek(0)
    if not head.startswith((_GZIP, _ZIP)):
        yield file
        return
    with _refuse_damage("gzip" if head.startswith(_GZIP) else "zip", where):
        if head.startswith(_GZIP):
            yield cast(BinaryIO, _Bounded(gzip.GzipFile(fileobj=file), file, limit, where))
            return
        archive = zipfile.ZipFile(file)
        member = _find_table(archive, where)
        if member is None:
            file.seek(0)
            yield file
            return
        with archive.open(member) as unpacked:
            yield cast(BinaryIO, _Bounded(unpacked, file, limit, where))


def _find_table(archive: zipfile.ZipFile, where: str) -> zipfile.ZipInfo | None:
    """The one table of an archive, or None where it holds other things."""
    members = [member for member in archive.infolist()[:_MOST_MEMBERS] if not member.is_dir()]
    tables = [member for member in members if _is_table(PurePosixPath(member.filename))]
    if not tables or any(member.filename in ("mimetype", "[Content_Types].xml") for member in members):
        return None
    if len(tables) > 1:
        names = ", ".join(clean(member.filename, 40) for member in tables[:5]) + (", …" if len(tables) > 5 else "")
        what = f"holds {counted(len(tables), 'table')}: {names}"
        raise InputError(what, where=where, hint="unpack it first and give one of them")
    if tables[0].flag_bits & _ENCRYPTED:
        raise InputError("needs a password", where=where, hint="unpack it first and give the CSV file in it")
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
        taken = self._packed.tell()
        most = min(self._limit, max(_ALWAYS, _RATIO * taken))
        if self._file.tell() > most:
            what = f"unpacks from {size_text(taken)} to more than {size_text(most)}"
            hint = "give a sample of its rows" if most == self._limit else "unpack it first if you trust it"
            raise InputError(what, where=self._where, hint=hint)
        return data

    def seek(self, place: int) -> int:
        """Go back to `place`."""
        return int(self._file.seek(place))
