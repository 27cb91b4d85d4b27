"""A session as one file to share: a zip without compression, read into memory under caps and never extracted."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO, Final

from nnplay.errors import InputError
from nnplay.session.document import BLOB_NAME
from nnplay.session.files import Damaged, Folder, TooLarge, open_file, refusals
from nnplay.session.generation import RECORD, Generation, read_generation, whole_generation
from nnplay.session.limits import PACK_BYTES, PACK_MEMBERS
from nnplay.text import clean, counted

_BEGINNING_OF_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MADE_ON_UNIX: Final = 3
#: A zip's last record: mark, number of this disk and of the directory's, members here and in all, bytes and place of
#: the directory, bytes of a comment. Where there are 64-bit records, 20 bytes that lead to them come right before it.
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_LOCATOR_MARK: Final = b"PK\x06\x07"
_LOCATOR_BYTES: Final = 20
#: Bytes before a member's name at the least, and of its entry in the directory at the most.
_HEADER_BYTES: Final = 30
_ENTRY_BYTES: Final = 512
#: What Python's parser raises over a zip that is none.
_BAD_ZIP: Final = (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, OSError, struct.error)


def pack(folder: str | os.PathLike[str], target: str | os.PathLike[str], *, overwrite: bool = False) -> tuple[str, ...]:
    """Writes the newest whole generation of a session folder to one `.zip`; equal sessions give equal bytes.

    Returns:
        Warnings for the user, as in `Loaded.warnings`.

    Raises:
        InputError: nothing whole to pack, too large, `target` exists or cannot be written.
    """
    found = whole_generation(Path(folder))
    target = Path(target)
    where = clean(str(target))
    if target.suffix.lower() != ".zip":
        raise InputError("a packed session's name ends in .zip", where=where)
    if not overwrite and os.path.lexists(target):
        raise InputError("a file of that name already exists", where=where, hint="give another name")
    data = _zipped(found)
    if len(data) > PACK_BYTES:
        raise InputError(f"{len(data):,} bytes are more than the {PACK_BYTES:,} allowed in one file", where=where)
    with refusals(where), Folder(target.parent, ours=False) as place:
        place.write(target.name, data)
    return found.warnings


def open_pack(path: Path) -> Generation:
    """The generation in a packed session; of a file that is none, no more than its end and its directory are read.

    Raises:
        InputError: no packed session, damaged, or with members that one never has.
    """
    where = clean(str(path))
    with open_file(path, PACK_BYTES) as file:
        try:
            return read_generation(_Packed(file, where), RECORD)
        except FileNotFoundError:
            raise InputError(f"not a packed session: it has no {RECORD}", where=where) from None


def _zipped(found: Generation) -> bytes:
    buffer = io.BytesIO()
    members = [(RECORD, found.data)]
    members += [(entry.name, blob) for entry, blob in zip(found.document.blobs, found.blobs, strict=True)]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members:
            member = zipfile.ZipInfo(name, _BEGINNING_OF_TIME)
            member.create_system = _MADE_ON_UNIX
            member.external_attr = (stat.S_IFREG | 0o600) << 16
            archive.writestr(member, data)
    return buffer.getvalue()


class _Packed:
    """The members of a packed session by name, all checked before the first is read.

    Args:
        file: the zip; its members are read from it when they are asked for.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self.where = where
        count, end = self._check_end(file)
        try:
            self._archive = zipfile.ZipFile(file)
        except _BAD_ZIP as error:
            raise InputError(f"not a zip file: {clean(str(error))}", where=where) from None
        members = self._archive.infolist()
        if len(members) != count:
            raise InputError(f"its directory has {counted(len(members), 'member')} instead of {count}", where=where)
        for member in members:
            self._check(member)
        names = [member.filename for member in members]
        if len(set(names)) != len(names):
            raise InputError("two members have the same name", where=where)
        self._check_places(members, end)
        self._members = dict(zip(names, members, strict=True))

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of one member; see `generation.Source`."""
        member = self._members.get(name)
        if member is None:
            raise FileNotFoundError(name)
        if member.file_size > limit:
            raise TooLarge(f"{member.file_size:,} bytes are more than the {limit:,} allowed", where=self._place(name))
        try:
            return self._archive.read(member)
        except _BAD_ZIP as error:
            raise Damaged(f"cannot be read: {clean(str(error))}", where=self._place(name)) from None

    def _check_end(self, file: BinaryIO) -> tuple[int, int]:
        """How many members there are and where the directory of them begins; it is parsed only if it is short.

        The 64-bit extension repeats these numbers in records of its own, which the parser would believe instead of
        this one; a packed session never needs it.
        """
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END.size - _LOCATOR_BYTES))
        tail = file.read(_LOCATOR_BYTES + _END.size)
        if len(tail) < _END.size or not tail[-_END.size :].startswith(_END_MARK):
            raise InputError("not a packed session, or cut off", where=self.where, hint="nnplay pack makes one")
        _, disk, first_disk, here, members, length, begins, comment = _END.unpack(tail[-_END.size :])
        if tail.startswith(_LOCATOR_MARK):
            raise InputError(
                "a zip with the 64-bit extension", where=self.where, hint="nnplay pack makes one without it"
            )
        if members > PACK_MEMBERS or length > PACK_MEMBERS * _ENTRY_BYTES:
            raise InputError(f"more members than the {PACK_MEMBERS} of a packed session", where=self.where)
        if disk or first_disk or comment or here != members or begins + length + _END.size != size:
            raise InputError("its last record does not match the file: damaged", where=self.where)
        return members, begins

    def _check(self, member: zipfile.ZipInfo) -> None:
        name = member.filename
        place = self._place(name)
        if name != RECORD and not BLOB_NAME.fullmatch(name):
            hint = "a packed session holds session.toml and its state files; nnplay pack makes one"
            raise InputError("not a member of a packed session", where=place, hint=hint)
        if member.flag_bits & 1:
            raise InputError("encrypted", where=place)
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise InputError("compressed", where=place, hint="nnplay pack makes one that is not")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise InputError("not a regular file", where=place)

    def _check_places(self, members: list[zipfile.ZipInfo], end: int) -> None:
        """Each member ends where the next one begins, or before; the last one where the directory does, at `end`."""
        for member in sorted(members, key=lambda member: member.header_offset, reverse=True):
            if member.header_offset + _HEADER_BYTES + len(member.filename) + member.file_size > end:
                raise InputError("overlaps another member, or the end", where=self._place(member.filename))
            end = member.header_offset

    def _place(self, name: str) -> str:
        return f"{self.where}, member {clean(name)}"
