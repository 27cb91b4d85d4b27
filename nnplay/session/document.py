"""The commit record as text: format versions, generation, the user's record, the state files' digests, the seal."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.session.files import Damaged
from nnplay.session.limits import (
    BLOB_BYTES,
    BLOBS,
    COMMENTED_BYTES,
    COMMENTED_ITEMS,
    COMMENTED_LENGTH,
    FORMAT_READ,
    FORMAT_WRITE,
    RECORD_BYTES,
)
from nnplay.session.migrate import migrate
from nnplay.session.record import Record, line_of, measure, parse
from nnplay.session.seal import Condition, seal, unseal
from nnplay.session.toml_text import toml_text

RESERVED: Final = ("generation", "format_read", "format_write", "written_by", "blob")
"""Keys of the commit record itself; a user's record cannot have them."""

BLOB_NAME: Final = re.compile(r"state-[0-9]{8,12}\.safetensors")

_BEGINNING: Final = b"generation = "
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BlobEntry:
    """One state file that a commit record names: its size in bytes and the SHA-256 of all of them."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Document:
    """A commit record as read from its file.

    Attributes:
        record: what the user chose, migrated to this version's format; none of the `RESERVED` keys.
        generation: number of the save, from 1; 0 for a text written by hand.
        blobs: the state files, none for a text written by hand.
        read_only: a newer version wrote it in a way that this one can read but must not write.
        edited: changed by hand since it was saved.
        text: as found, without the seal.
    """

    record: Record
    generation: int
    blobs: tuple[BlobEntry, ...]
    read_only: bool
    edited: bool
    text: str


def read(data: bytes, where: str) -> Document:
    """The commit record in the bytes of `session.toml`.

    Raises:
        Damaged: cut off, one bit flipped, binary, or empty: not the work of a person with an editor.
        InputError: not TOML, over a limit, of a format that this version cannot read, or with a bad state file entry.
    """
    body, condition = _intact(data, where)
    table = parse(body, where)
    text = body.decode()
    by_hand = "generation" not in table
    if not by_hand and condition == "damaged":
        raise Damaged("the last line is missing or wrong: cut off or damaged", where=where)
    if not table:
        raise Damaged("the file is empty", where=where)
    field = _Fields(table, text, where)
    oldest_reader = field.number("format_read", FORMAT_READ, low=1)
    written = field.number("format_write", FORMAT_WRITE, low=0)
    if oldest_reader > FORMAT_READ:
        raise _too_new(oldest_reader, field.words("written_by"), where)
    record = {key: value for key, value in table.items() if key not in RESERVED}
    return Document(
        record=migrate(record, written, where),
        generation=field.number("generation", 0, low=1),
        blobs=field.blobs(),
        read_only=written > FORMAT_WRITE,
        edited=condition == "edited",
        text=text,
    )


def framed(body: str, blobs: Sequence[BlobEntry], generation: int) -> bytes:
    """The text of a record, with the keys of the commit record itself and the seal.

    Raises:
        InputError: the text would be longer than a record may be.
    """
    head = f"generation = {generation}\nformat_read = {FORMAT_READ}\nformat_write = {FORMAT_WRITE}\n"
    head += f'written_by = "{_version()}"\n'
    tail = "".join(f'\n[[blob]]\nname = "{b.name}"\nsize = {b.size}\nsha256 = "{b.sha256}"\n' for b in blobs)
    data = seal((head + (f"\n{body}" if body else "") + tail).encode())
    if len(data) > RECORD_BYTES:
        raise InputError(f"the record has {len(data):,} bytes; at most {RECORD_BYTES:,} can be saved")
    measure(data.decode(), "the record")  # what is refused when it is opened must not be saved
    return data


def _intact(data: bytes, where: str) -> tuple[bytes, Condition]:
    if len(data) > RECORD_BYTES:
        raise InputError(f"{len(data):,} bytes are more than the {RECORD_BYTES:,} a record may have", where=where)
    body, condition = unseal(data)
    if condition == "damaged" and body != data:
        raise Damaged("it does not match its own checksum: damaged", where=where)
    if b"\0" in data:
        raise Damaged("it contains zero bytes: damaged", where=where)
    # A save begins with its generation: without the seal such a text was cut off, wherever the cut fell.
    if condition == "damaged" and data[: len(_BEGINNING)] == _BEGINNING[: len(data)]:
        raise Damaged("the last line is missing: cut off or damaged", where=where)
    return body, condition


@functools.cache
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nnplay")
    except PackageNotFoundError:
        return "0"  # run from a source tree that was never installed


def _too_new(needed: int, version: str, where: str) -> InputError:
    made = f" (written by nnplay {version})" if version else ""
    hint = f"install nnplay {version} or newer" if version else "install a newer nnplay"
    return InputError(f"format {needed}{made} is newer than this nnplay's {FORMAT_READ}", where=where, hint=hint)


def body_of(record: Record, base: str = "") -> str:
    """The text of what the user chose.

    Args:
        record: plain values. A key at the top that is None is removed.
        base: text of an earlier record. Its comments stay where their keys stay, and so do keys at the top that
            `record` does not name; within the tables that it does name, `record` alone decides.
    """
    kept = {key: value for key, value in _loads(base).items() if key not in RESERVED}
    wanted = {key: value for key, value in {**kept, **record}.items() if value is not None}
    if _may_have_comments(base, wanted) and not _is_plain(base, kept):
        from tomlkit.exceptions import TOMLKitError

        try:
            text = _merged(base, wanted)
        except (TOMLKitError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            text = ""
        # The editor of commented TOML has had faults of its own. What it made is used only if it says exactly what was
        # asked for; otherwise the save is worth more than the comments in it.
        if text and _says(text, wanted):
            return text
    return toml_text(wanted)


def _may_have_comments(base: str, wanted: Record) -> bool:
    """Whether a text is worth editing in place: it holds something, and is not so long that this takes minutes."""
    if not base or len(base) > COMMENTED_BYTES or _longest(wanted) > COMMENTED_LENGTH:
        return False
    return measure(base, "session") <= COMMENTED_ITEMS


def _is_plain(base: str, kept: Record) -> bool:
    """Whether a text is as `toml_text` writes it, as nobody has touched it: there is nothing in it to be kept."""
    own = toml_text(kept)
    return own in base and "#" not in base.replace(own, "", 1)


def _longest(value: Any) -> int:
    """Entries of the longest table or list."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max([len(inner), *map(_longest, inner)], default=0)


def _merged(base: str, wanted: Record) -> str:
    import tomlkit

    document = tomlkit.parse(base)
    for key in [key for key in document if key in RESERVED or key not in wanted]:
        document.remove(key)
    _update(document, wanted)
    text = tomlkit.dumps(document).strip("\n")
    return text + "\n" if text else ""


def _update(table: Any, wanted: Mapping[str, Any]) -> None:
    from tomlkit.items import AoT

    for key in [key for key in table if key not in wanted]:
        table.remove(key)
    for key, value in wanted.items():
        old = table.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            _update(old, value)
        elif _rows(value) and _rows(old) and (len(old) == len(value) or isinstance(old, AoT)):
            _update_rows(old, value)
        elif key not in table or repr(_unwrapped(old)) != repr(value):
            table[key] = value


def _update_rows(old: Any, rows: Sequence[Any]) -> None:
    """Changes rows in place; when their number changes, only those between the equal head and the equal tail."""
    import tomlkit

    if len(old) != len(rows):
        fewer = min(len(old), len(rows))
        equal = [repr(_unwrapped(a)) == repr(b) for a, b in zip(old, rows, strict=False)]
        head = equal.index(False) if False in equal else fewer
        backwards = [repr(_unwrapped(a)) == repr(b) for a, b in zip(reversed(old), reversed(rows), strict=False)]
        tail = min(backwards.index(False) if False in backwards else fewer, fewer - head)
        for _ in range(len(old) - head - tail):
            del old[head]
        for index in range(head, len(rows) - tail):
            row = tomlkit.item(rows[index])
            row.add(tomlkit.nl())
            old.insert(index, row)
    for old_row, row in zip(old, rows, strict=True):
        _update(old_row, row)


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _unwrapped(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _says(text: str, wanted: Record) -> bool:
    # repr tells 1 from 1.0 and True, and finds NaN equal to itself.
    return repr(_ordered(_loads(text))) == repr(_ordered(wanted))


def _loads(text: str) -> Record:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(inner) for inner in value] if isinstance(value, list) else value


class _Fields:
    """The reserved keys of a record, each checked where it is read."""

    def __init__(self, table: Record, text: str, where: str) -> None:
        self._table = table
        self._text = text
        self._where = where

    def number(self, key: str, default: int, low: int) -> int:
        value = self._table.get(key, default)
        if type(value) is not int or (key in self._table and value < low):
            raise self._wrong(key, f"should be an integer ≥ {low}, not {value!r}")
        return value

    def words(self, key: str) -> str:
        value = self._table.get(key, "")
        if not isinstance(value, str):
            raise self._wrong(key, f"should be text, not {value!r}")
        return value

    def blobs(self) -> tuple[BlobEntry, ...]:
        entries = self._table.get("blob", [])
        if not isinstance(entries, list) or len(entries) > BLOBS:
            raise self._wrong("blob", f"[[blob]] should name at most {BLOBS} state files")
        return tuple(self._blob(index, entry) for index, entry in enumerate(entries))

    def _blob(self, index: int, entry: Any) -> BlobEntry:
        place = f"blob.{index}"
        if not isinstance(entry, dict):
            raise self._wrong(place, "[[blob]] should have name, size and sha256")
        name, size, digest = entry.get("name"), entry.get("size"), entry.get("sha256")
        if not isinstance(name, str) or not BLOB_NAME.fullmatch(name):
            hint = "a state file is in the session's own folder, with a name like state-00000042.safetensors"
            raise self._wrong(f"{place}.name", f"{name!r} is not the name of a state file", hint)
        if type(size) is not int or not 0 <= size <= BLOB_BYTES:
            raise self._wrong(f"{place}.size", f"should be bytes from 0 to {BLOB_BYTES:,}, not {size!r}")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise self._wrong(f"{place}.sha256", "should be 64 hexadecimal digits")
        return BlobEntry(name, size, digest)

    def _wrong(self, key: str, what: str, hint: str = "") -> InputError:
        line = line_of(self._text, key)
        place = f"{self._where}, line {line}, {key}" if line else f"{self._where}, {key}"
        return InputError(what, where=place, hint=hint)
