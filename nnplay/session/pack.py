"""A session as one file to share: a zip without compression, read into memory under caps and never extracted."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import Final

from nnplay.errors import InputError
from nnplay.session.document import BLOB_NAME
from nnplay.session.files import Damaged, Folder, TooLarge, read_file, refusals
from nnplay.session.generation import RECORD, Generation, read_generation
from nnplay.session.limits import PACK_BYTES, PACK_MEMBERS
from nnplay.session.store import whole_generation
from nnplay.text import clean

_BEGINNING_OF_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MADE_ON_UNIX: Final = 3
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22


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
        raise InputError("there is a file of that name already", where=where, hint="give another name")
    data = _zipped(found)
    if len(data) > PACK_BYTES:
        raise InputError(f"{len(data):,} bytes are more than the {PACK_BYTES:,} of one file", where=where)
    with refusals(where), Folder(target.parent, ours=False) as place:
        place.write(target.name, data)
    return found.warnings


def open_pack(path: Path) -> Generation:
    """The generation in a packed session.

    Raises:
        InputError: no packed session, damaged, or with members that one never has.
    """
    where = clean(str(path))
    return _read(_Packed(read_file(path, PACK_BYTES), where))


def _read(packed: _Packed) -> Generation:
    try:
        return read_generation(packed, RECORD)
    except FileNotFoundError:
        raise InputError(f"no packed session: it has no {RECORD}", where=packed.where) from None


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
    """The members of a packed session by name, all checked before the first is read."""

    def __init__(self, data: bytes, where: str) -> None:
        self.where = where
        self._check_end(data)
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise InputError(f"not a zip file: {error}", where=where) from None
        members = self._archive.infolist()
        for member in members:
            self._check(member)
        names = [member.filename for member in members]
        if len(set(names)) != len(names):
            raise InputError("two members have one name", where=where)
        if sum(member.file_size for member in members) > len(data):
            raise InputError("its members overlap", where=where)
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
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, OSError) as error:
            raise Damaged(f"cannot be read: {error}", where=self._place(name)) from None

    def _check_end(self, data: bytes) -> None:
        """Counts the members in the zip's last record: its directory is parsed only if it is short."""
        end = data[-_END_BYTES:]
        if len(end) < _END_BYTES or not end.startswith(_END):
            raise InputError("not a packed session, or cut off", where=self.where, hint="nnplay pack makes one")
        members = int.from_bytes(end[10:12], "little")
        if members > PACK_MEMBERS or int.from_bytes(end[12:16], "little") > PACK_MEMBERS * 512:
            raise InputError(f"more members than the {PACK_MEMBERS} of a packed session", where=self.where)

    def _check(self, member: zipfile.ZipInfo) -> None:
        name = member.filename
        place = self._place(name)
        if name != RECORD and not BLOB_NAME.fullmatch(name):
            hint = "a packed session holds session.toml and its state files; nnplay pack makes one"
            raise InputError("no member of a packed session", where=place, hint=hint)
        if member.flag_bits & 1:
            raise InputError("encrypted", where=place)
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise InputError("compressed", where=place, hint="nnplay pack makes one that is not")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise InputError("not a regular file", where=place)

    def _place(self, name: str) -> str:
        return f"{self.where}, member {clean(name)}"
