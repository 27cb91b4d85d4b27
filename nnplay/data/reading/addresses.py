"""How data are named: the path of a file, a pattern of several, or the address of a database; and their short names."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from nnplay.errors import InputError
from nnplay.system.paths import expanded, whole
from nnplay.text import clean

_ADDRESS: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9]*)(?:\+[A-Za-z0-9_]+)?://", re.ASCII)
_SECRET: Final = re.compile(r"\b(?:password|passwd|pwd|sslpassword|passfile)\s*=", re.IGNORECASE)
_PORT: Final = re.compile(r"[^:/?#@]*:\d+(?:[/?]|$)")
#: Endings that stand before `.gz`.
_PACKED: Final = (".csv", ".tsv", ".txt", ".dat", ".data", ".tab", ".json", ".jsonl", ".ndjson", ".fwf")
#: Files that one pattern may name.
_MOST_FILES: Final = 10_000
_NO_PASSWORD: Final = "leave it out: put it into the variable PGPASSWORD or into ~/.pgpass, where no session keeps it"


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a database: `scheme://user@host:port/database?sslmode=require`.

    Attributes:
        database: its name on a server; of a file its path, relative unless the address has four slashes.
    """

    scheme: str
    user: str
    host: str
    port: int | None
    database: str
    options: dict[str, str]


def is_address(source: str) -> bool:
    """Whether it is of the form `word://…`."""
    return _ADDRESS.match(source) is not None


def scheme_of(source: str) -> str:
    """The word before `://`, without a driver behind a plus sign; empty for a path."""
    found = _ADDRESS.match(source)
    return found["scheme"].lower() if found else ""


def read_address(source: str) -> Address:
    """The parts of an address.

    Raises:
        InputError: it has a password in it, or cannot be an address.
    """
    refuse_password(source)
    try:
        parts = urlsplit(source)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise InputError(f"is not an address: {clean(str(error))}", where=place_of(source)) from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Address(
        scheme_of(source), unquote(parts.username or ""), unquote(host), port, unquote(parts.path)[1:], options
    )


def refuse_password(source: str) -> None:
    """Sees that no password is in an address, which is shown, logged and kept in sessions.

    Raises:
        InputError: there is one; the message does not show it.
    """
    found = _ADDRESS.match(source)
    if found is None:
        return
    rest = source[found.end() :]
    named = _PORT.match(rest) is not None and "@" not in rest.partition("?")[0]  # an @ behind it names no user
    user = "" if named or "@" not in rest else re.split(r"[/?#]", rest.rpartition("@")[0])[0]
    if ":" in unquote(user) or _SECRET.search(unquote(rest)):
        raise InputError("has a password in it", where=f"{scheme_of(source)}://…", hint=_NO_PASSWORD)


def last_part(source: str) -> str:
    """What names a source best: the last part of its path, or the database of an address."""
    if not is_address(source):
        return PurePath(source).name
    path = source[source.index("://") + 3 :].partition("?")[0].partition("#")[0]
    return PurePath(path.rpartition("@")[2]).name or scheme_of(source)


def place_of(source: str) -> str:
    """What messages call a source."""
    return clean(last_part(source))


def table_name(source: str) -> str:
    """What a data set is called: the same without endings, as of `my.csv.gz`; of `parts/*.csv` the folder."""
    name = PurePath(last_part(source))
    if is_pattern(source):
        return clean(name.stem.strip("*?_-. ") or PurePath(source).parent.name or "files")
    inner = PurePath(name.stem)
    return clean(inner.stem if name.suffix.lower() == ".gz" and inner.suffix.lower() in _PACKED else name.stem)


def ending_of(path: str) -> str:
    """The ending of a name in small letters, as `.csv`; of a packed file both, as `.jsonl.gz`."""
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes[-2:]]
    return (
        "".join(suffixes)
        if len(suffixes) == 2 and suffixes[1] == ".gz" and suffixes[0] in _PACKED
        else (suffixes[-1] if suffixes else "")
    )


def is_pattern(source: str) -> bool:
    """Whether it stands for several files: `*` or `?` in it, and no file is called so."""
    if is_address(source) or not any(sign in source for sign in "*?"):
        return False
    try:
        return not os.path.lexists(expanded(source))
    except (InputError, ValueError, OSError):
        return False


def matching_files(pattern: str) -> list[str]:
    """The files that a pattern stands for, sorted; those that begin with a point are hidden.

    Raises:
        InputError: there is none, or there are too many.
    """
    try:
        found = sorted(path for path in glob.iglob(_escaped(str(expanded(pattern)))) if os.path.isfile(path))
    except (OSError, ValueError, re.error) as error:
        raise InputError(f"cannot be used as a pattern: {clean(str(error))}", where=clean(pattern)) from None
    if not found:
        raise InputError("no file matches this pattern", where=clean(pattern), hint='as in "parts/*.csv", in quotes')
    if len(found) > _MOST_FILES:
        what = f"{len(found):,} files match this pattern; at most {_MOST_FILES:,} are read"
        raise InputError(what, where=clean(pattern))
    return found


def _escaped(pattern: str) -> str:
    """Only `*` and `?` stand for something: brackets are often a part of a name, as in `data [1].csv`."""
    return pattern.replace("[", "[[]")


def files_of(source: str) -> list[str]:
    """The files that a source is read from; none for a server's database."""
    if is_address(source):
        path = read_address(source).database
        return [path] if path and not read_address(source).host else []
    if is_pattern(source):
        try:
            return matching_files(source)
        except InputError:  # whoever reads them says so
            return []
    return [source]


def whole_source(source: str, folder: Path | None = None) -> str:
    """The same source named so that it can be found from anywhere; what is relative begins in `folder`.

    Raises:
        InputError: it names a user whom nobody knows, or has a password in it.
    """
    if not is_address(source):
        return str((folder or Path()) / expanded(source) if folder else whole(expanded(source)))
    refuse_password(source)
    begin = source.index("://") + 3
    rest, query = source[begin:].partition("?")[::2]
    if not rest.startswith("/") or rest[1:2] in ("/", ""):
        return source  # a server, or whole already
    path = expanded(unquote(rest[1:]))
    found = str(folder / path if folder else whole(path)).replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    return f"{source[:begin]}/{found}" + (f"?{query}" if query else "")
