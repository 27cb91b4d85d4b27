"""One saved generation, read from a folder or a packed file: its record, its state, and proof that both are whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol, TypeVar

from nnplay.errors import InputError
from nnplay.session import document
from nnplay.session.blob import Tensors, decode, verify
from nnplay.session.document import Document
from nnplay.session.files import Damaged, Folder, TooLarge
from nnplay.session.limits import RECORD_BYTES
from nnplay.session.record import Record, line_of

RECORD: Final = "session.toml"
PREVIOUS: Final = "session.prev.toml"
_ATTEMPTS: Final = 50
T = TypeVar("T")


class Source(Protocol):
    """Where a generation's files are read from."""

    where: str

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of one file; `FileNotFoundError` when there is none, `TooLarge` beyond `limit`."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A session as it was saved.

    Attributes:
        record: what the user chose, plain values; unknown keys are kept in it.
        tensors: arrays by name, to be copied from and not changed; empty for a record written by hand.
        generation: number of the save, from 1; 0 for a record written by hand.
        warnings: sentences for the user: what was lost, what was edited, why it can only be read.
        read_only: it must not be saved to where it was loaded from.
        text: the record's text; give it to `save(base=…)` to keep its comments elsewhere, too.
        where: the record's file, for messages.
    """

    record: Record
    tensors: Tensors
    generation: int
    warnings: tuple[str, ...]
    read_only: bool
    text: str
    where: str

    def place(self, key: str) -> str:
        """File, line and key ("spiral.nnplay/session.toml, line 7, optimizer.lr") for a message about a value."""
        line = line_of(self.text, key)
        return f"{self.where}, line {line}, {key}" if line else f"{self.where}, {key}"


@dataclass(frozen=True, slots=True)
class Generation:
    """The files of one generation, found whole: the record's bytes and what they say, and the state files' bytes."""

    data: bytes
    document: Document
    blobs: tuple[bytes, ...]
    where: str
    warnings: tuple[str, ...] = ()

    def parse_tensors(self) -> Loaded:
        """The generation with its tensors parsed."""
        tensors: Tensors = {}
        for entry, blob in zip(self.document.blobs, self.blobs, strict=True):
            more = decode(blob, f"{self.where}, {entry.name}")
            if again := sorted(tensors.keys() & more.keys()):
                raise InputError(f"tensor {again[0]} is in two state files", where=self.where)
            tensors |= more
        found = self.document
        notes = self.warnings
        if found.edited:
            notes += (f"{self.where} was changed by hand after it was saved",)
        if found.read_only:
            notes += (f"{self.where} was written by a newer nnplay: it can be read, and saved under another name",)
        return Loaded(found.record, tensors, found.generation, notes, found.read_only, found.text, self.where)


def read_generation(source: Source, name: str) -> Generation:
    """The generation that the record `name` commits, every state file's size and SHA-256 checked.

    Raises:
        FileNotFoundError: there is no such record.
        Damaged: the record or a state file is not what was saved.
        InputError: hostile, over a limit, not TOML, or of a format that cannot be read.
    """
    where = f"{source.where}/{name}"
    data, found = read_record(source, name)
    return Generation(data, found, tuple(_blob(source, entry, where) for entry in found.blobs), where)


def read_record(source: Source, name: str) -> tuple[bytes, Document]:
    """The bytes of the record `name` and what they say; raises what `read_generation` does of it."""
    data = source.read(name, RECORD_BYTES)
    return data, document.read(data, f"{source.where}/{name}")


def newest_whole(source: Source) -> Generation:
    """The last generation, or the one before with a warning that says what was lost.

    Raises:
        InputError: no session there, none that is whole, or one that a person must mend.
    """
    reason: InputError = Damaged("the file is missing", where=f"{source.where}/{RECORD}")
    for _ in range(_ATTEMPTS):
        before = _bytes(source, RECORD)
        try:
            return read_generation(source, RECORD)
        except FileNotFoundError:
            if _bytes(source, PREVIOUS) is None and before is None:
                raise InputError(f"this is not a session: it has no {RECORD}", where=source.where) from None
        except Damaged as error:
            reason = error
        # Another nnplay may have saved twice since the record was read, which deletes the state that it names.
        if _bytes(source, RECORD) == before:
            break
    return _previous(source, reason)


def _previous(source: Source, reason: InputError) -> Generation:
    try:
        found = read_generation(source, PREVIOUS)
    except FileNotFoundError:
        raise Damaged(reason.what, where=reason.where, hint="there is no earlier save to go back to") from None
    except Damaged as error:
        raise Damaged(f"{reason.what}; {error.message}", where=reason.where, hint="both saves are damaged") from None
    warning = f"{reason.message}; opened the save before it ({_progress(found.document)})"
    if (lost := _attempt(lambda: document.read(source.read(RECORD, RECORD_BYTES), ""))) is not None:
        warning += f"; the one at {_progress(lost)} is lost"
    return replace(found, warnings=(warning,))


def _progress(found: Document) -> str:
    parts = [f"{key} {found.record[key]}" for key in ("epoch", "step") if isinstance(found.record.get(key), int)]
    return ", ".join([f"generation {found.generation}", *parts])


def _blob(source: Source, entry: document.BlobEntry, where: str) -> bytes:
    try:
        data = source.read(entry.name, entry.size)
    except FileNotFoundError:
        raise Damaged(f"{entry.name} is missing", where=where) from None
    except TooLarge:
        raise Damaged(f"{entry.name} has more than its {entry.size:,} bytes", where=where) from None
    except OSError as error:
        raise Damaged(f"{entry.name} cannot be read: {error.strerror}", where=where) from None
    verify(data, entry, where)
    return data


def _bytes(source: Source, name: str) -> bytes | None:
    return _attempt(lambda: source.read(name, RECORD_BYTES))


def _attempt(action: Callable[[], T]) -> T | None:
    """What `action` gives, or None where it is refused: for looking around while something else is reported."""
    try:
        return action()
    except (InputError, OSError):
        return None


def whole_generation(path: Path) -> Generation:
    """The files of the newest whole generation in a folder; see `newest_whole`."""
    with Folder(path) as folder:
        try:
            return newest_whole(folder)
        except OSError as error:
            raise InputError(f"{RECORD} cannot be read: {error.strerror}", where=folder.where) from None
