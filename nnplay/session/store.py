"""Saving and loading a session folder: a save is committed by one rename, and until then the old one stands."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.session import document
from nnplay.session.blob import Tensor, encode
from nnplay.session.document import BLOB_NAME, RESERVED, BlobEntry, body_of, framed
from nnplay.session.files import (
    OPERATIONS,
    TEMPORARY_PREFIX,
    Damaged,
    FileOperations,
    Folder,
    TooLarge,
    make_folder,
    read_file,
    sha256,
)
from nnplay.session.generation import PREVIOUS, RECORD, Loaded, read_record, whole_generation
from nnplay.session.limits import RECORD_BYTES
from nnplay.session.lock import LOCK, Lock, lock_folder, refuse_unheld
from nnplay.session.pack import open_pack
from nnplay.session.record import Record, plain
from nnplay.text import clean

SUFFIX: Final = ".nnplay"
_NUMBER: Final = re.compile(r"[0-9]+")
#: Bytes from which on tensors that seldom change are worth a state file of their own.
_APART: Final = 2**20


class NotSaved(InputError):
    """The disk refused a save; the message says whether the old state or the new one is there."""


class Moved(InputError):
    """The folder of that name is not the one that is held: it was renamed, deleted or replaced; nothing was written."""


def save(
    folder: str | os.PathLike[str],
    record: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    *,
    lasting: Mapping[str, Tensor] | None = None,
    lock: Lock | None = None,
    base: str | None = None,
    operations: FileOperations = OPERATIONS,
    moved: Callable[[int], object] = lambda count: None,
) -> int:
    """Saves a session as a new generation of `folder`, which is made if need be; the generation's number.

    Args:
        record: what the user chose, plain TOML values; None at the top removes a key. See `document.body_of`.
        tensors: float32, float64 or int64 arrays by name; they must not change until this returns.
        lasting: more of them, which are often the same as at the last save: where they are large, they are not written
            again as long as they are.
        lock: held for this folder; without one it is taken for the time of this call.
        base: text whose comments and unknown keys are kept; by default the folder's own record.
        moved: called with counts of bytes that have been read or written on the way.

    Raises:
        NotSaved: the disk refused; the save before it is whole, unless the message says that the new one is there.
        Moved: `lock` is held for another folder than the one that stands there now.
        InputError: not a folder to save in, held by another nnplay, or over a limit.
    """
    path = Path(folder)
    where = clean(str(path))
    checked = _check_record(record)
    files = _state_files(tensors, lasting or {})
    try:
        if lock is None or not lock.held:
            make_folder(path, operations)
        elif not lock.stands_at(path):
            raise _moved_error(where)
        with Folder(path, operations, moved=moved) as place, _lock_folder(place, lock) as held:
            return _save(place, held, checked, files, base)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise NotSaved(
            f"not saved: {reason}", where=where, hint="save it under another name or in another folder"
        ) from None


def load(path: str | os.PathLike[str]) -> Loaded:
    """The session at `path`: a folder, a packed `.zip`, or a `.toml` text written by hand.

    Of a folder whose last save is damaged, the save before it is loaded, and `warnings` say what was lost.

    Raises:
        InputError: no session, none that is whole, not trusted, or of a format that cannot be read.
    """
    path = Path(path)
    if path.name == RECORD:
        path = path.parent
    if path.suffix.lower() == ".toml" and not path.is_dir():
        return _load_text(path)
    if path.suffix.lower() == ".zip" and not path.is_dir():
        return open_pack(path).parse_tensors()
    if os.path.exists(path) and not os.path.isdir(path):  # unlike a Path, these take any name
        hint = "a saved run is a folder such as spiral.nnplay, or one that nnplay pack made"
        raise InputError("is not a saved run", where=clean(str(path)), hint=hint)
    return whole_generation(path).parse_tensors()


def _load_text(path: Path) -> Loaded:
    where = clean(str(path))
    found = document.read(read_file(path, RECORD_BYTES), where)
    if found.blobs:
        raise InputError("its state files are not here", where=where, hint=f"open the folder that its {RECORD} is in")
    return Loaded(found.record, {}, found.generation, (), found.read_only, found.text, where)


def _state_files(tensors: Mapping[str, Tensor], lasting: Mapping[str, Tensor]) -> list[list[memoryview]]:
    """What is to be written into state files, the ones that seldom change behind the others."""
    apart = sum(tensor.nbytes for tensor in lasting.values()) >= _APART
    parts = [tensors, lasting] if apart else [{**tensors, **lasting}]
    return [encode(part) for part in parts if part]


def _check_record(record: Mapping[str, Any]) -> Record:
    if reserved := sorted(set(record) & set(RESERVED)):
        raise ValueError(f"'{reserved[0]}' belongs to the session file itself")
    removed = {key: None for key, value in record.items() if value is None}
    return {**plain({key: value for key, value in record.items() if value is not None}), **removed}


@contextlib.contextmanager
def _lock_folder(place: Folder, lock: Lock | None) -> Iterator[Lock]:
    if lock is not None and not lock.covers(place):
        raise _moved_error(place.where)
    with contextlib.ExitStack() as stack:
        held = lock if lock is not None else stack.enter_context(lock_folder(place))
        refuse_unheld(held, place.where)
        yield held


def _moved_error(where: str) -> Moved:
    what = "not saved: the session's folder was renamed, deleted or replaced"
    return Moved(what, where=where, hint="save it under another name")


@dataclass(frozen=True, slots=True)
class _Before:
    """What a save finds: the last record's text, the highest number so far, and if it is whole its bytes and files."""

    text: str
    highest: int
    whole: bytes | None = None
    blobs: tuple[BlobEntry, ...] = ()


def _save(place: Folder, lock: Lock, record: Record, files: Sequence[Sequence[memoryview]], base: str | None) -> int:
    before = _inspect(place, lock)
    generation = before.highest + 1
    body = body_of(record, before.text if base is None else base)
    framed(body, [], generation)  # what is refused is refused at once
    blobs = [
        (_find_unchanged(place, pieces, before.blobs) if number else None)
        or _write_state_file(place, lock, generation, number, pieces)
        for number, pieces in enumerate(files)
    ]
    text = framed(body, blobs, generation)
    if before.whole is not None:
        place.write(PREVIOUS, before.whole)
    try:
        place.write(RECORD, text)
    except OSError as error:
        if _is_there(place, text):
            what = f"saved, but it may not survive a power failure: {(error.strerror or str(error)).lower()}"
            raise NotSaved(what, where=place.where, hint="save again, preferably in another folder") from None
        raise
    _sweep(place, blobs)
    for gone in lock.written.keys() - set(blobs):
        del lock.written[gone]
    return generation


def _find_unchanged(place: Folder, pieces: Sequence[memoryview], before: Iterable[BlobEntry]) -> BlobEntry | None:
    """The state file of the save before that holds these bytes; None where there is none."""
    size = sum(piece.nbytes for piece in pieces)
    alike = [blob for blob in before if blob.size == size]
    if not alike:
        return None
    digest = sha256(pieces, place.moved)
    return next((blob for blob in alike if blob.sha256 == digest), None)


def _write_state_file(
    place: Folder, lock: Lock, generation: int, number: int, pieces: Sequence[memoryview]
) -> BlobEntry:
    """Writes a state file of this generation; each has one digit more than the one before it."""
    name = f"state-{generation:0{8 + number}d}.safetensors"
    blob = BlobEntry(name, sum(piece.nbytes for piece in pieces), place.write(name, pieces))
    lock.written[blob] = place.stamp(name)
    return blob


def _inspect(place: Folder, lock: Lock) -> _Before:
    """Looks at what is in the folder, so that nothing whole is replaced by something damaged.

    Raises:
        InputError: the folder holds other things, or a record that this version must not replace.
    """
    names = place.names()
    numbers = [int(_NUMBER.findall(name)[0]) for name in names if BLOB_NAME.fullmatch(name)]
    numbers += [found.generation for found in (_document(place, PREVIOUS),) if found]
    if RECORD not in names:
        if PREVIOUS not in names:
            refuse_others(names, place.where)
        return _Before("", max(numbers, default=0))
    try:
        data, found = read_record(place, RECORD)
    except Damaged:
        return _Before("", max(numbers, default=0))
    highest = max([*numbers, found.generation])
    if not all(_is_whole(place, lock, blob) for blob in found.blobs):
        return _Before(found.text, highest)
    if found.read_only:
        raise InputError("a newer nnplay wrote this session", where=place.where, hint="save it under another name")
    return _Before(found.text, highest, data, found.blobs)


def _is_whole(place: Folder, lock: Lock, blob: BlobEntry) -> bool:
    """Whether a state file is what was saved; one written under this lock, and not since, is not read again."""
    if lock.written.get(blob) == place.stamp(blob.name) != ():
        return True
    try:
        return place.digest(blob.name, blob.size) == blob.sha256
    except (Damaged, TooLarge, OSError):
        return False


def refuse_others(names: Iterable[str], where: str) -> None:
    """Refuses a folder without a session in which other things are.

    Raises:
        InputError: one of the names in it is none of a session's.
    """
    if others := [name for name in names if not is_ours(name)]:
        what = f"the folder holds other files ('{clean(others[0])}')"
        raise InputError(what, where=where, hint=f"give a new name ending in {SUFFIX}")


def is_ours(name: str) -> bool:
    """Whether a session's folder has a file of that name: record, lock, tensors, or a file that was being written."""
    return name in (RECORD, PREVIOUS, LOCK) or name.startswith(TEMPORARY_PREFIX) or bool(BLOB_NAME.fullmatch(name))


def _document(place: Folder, name: str) -> document.Document | None:
    try:
        return document.read(place.read(name, RECORD_BYTES), f"{place.where}/{name}")
    except (InputError, FileNotFoundError):
        return None


def _is_there(place: Folder, text: bytes) -> bool:
    """Whether a commit that failed is visible all the same: its rename was done, only the last sync failed."""
    try:
        return place.read(RECORD, RECORD_BYTES) == text
    except (OSError, InputError):
        return False


def _sweep(place: Folder, blobs: list[BlobEntry]) -> None:
    """Deletes state files that neither record names, and what interrupted saves left behind."""
    try:
        names = place.names()
        previous = _document(place, PREVIOUS)
    except OSError:
        return
    if previous is None and PREVIOUS in names:
        return
    kept = {blob.name for blob in (*blobs, *(previous.blobs if previous else ()))}
    for name in names:
        if name.startswith(TEMPORARY_PREFIX) or (BLOB_NAME.fullmatch(name) and name not in kept):
            # The save is committed; what cannot be deleted now is deleted by a later one.
            with contextlib.suppress(OSError):
                place.remove(name)
