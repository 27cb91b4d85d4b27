"""A record: a nested dict of plain TOML values, read under limits and checked before it is written."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.session.limits import INTEGER_DIGITS, RECORD_BYTES, RECORD_DEPTH, RECORD_ITEMS
from nnplay.text import clean

Record = dict[str, Any]

_TOKENS: Final = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5}|\Z)'
    r"|'''(?:[^']++|'(?!''))*+(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
    r"|[\[\]{}=,.\n]"
    rf"|[0-9_]{{{INTEGER_DIGITS + 1},}}+",
    re.DOTALL,
)
"""What matters for the limits; unterminated strings match to their end, so that no text takes more than one pass."""

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
# No part of these is tried twice, so that a line of a million spaces takes one pass.
_HEADER: Final = re.compile(r"\s*+(\[\[?+)([^\[\]]++)\]\]?+\s*+(?:#.*)?$")
_KEY: Final = re.compile(r"\s*+([A-Za-z0-9_.\"'\t -]++)=")
_INTEGER: Final = 2**63


def parse(data: bytes, where: str) -> Record:
    """The record that the bytes of a TOML file hold, its foreign text made safe to show.

    Raises:
        InputError: over a limit, not UTF-8, or not TOML; the message names the line.
    """
    if len(data) > RECORD_BYTES:
        raise InputError(f"{len(data):,} bytes are more than the {RECORD_BYTES:,} a record may have", where=where)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", where=f"{where}, line {line}") from None
    measure(text, where)
    try:
        record = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, where) from None
    except (ValueError, RecursionError):
        raise InputError("nested too deeply, or an impossible number or date", where=where) from None
    checked: Record = _check_value(record, where, foreign=True)
    return checked


def plain(record: Mapping[str, Any]) -> Record:
    """A deep copy of `record`, checked to hold only what a session file can: text, numbers, flags, lists and tables.

    Raises:
        TypeError: a value of another type (a NumPy number, None inside a table); the message names its key.
        InputError: nested deeper than a file may be, or an integer beyond 64 bits.
    """
    checked: Record = _check_value(dict(record), "record", foreign=False)
    return checked


def line_of(text: str, key: str) -> int | None:
    """The line (from 1) that sets `key` ("optimizer.lr", or "layer.2.units" for the third [[layer]]), if found."""
    return _lines(text).get(key)


@functools.lru_cache(maxsize=1)
def _lines(text: str) -> dict[str, int]:
    """The first line of every key and heading; a text with a thousand problems is looked through once."""
    found: dict[str, int] = {}
    table = ""
    seen: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = header[2].replace('"', "").strip()
            if header[1] == "[[":
                seen[table] = seen.get(table, -1) + 1
                table = f"{table}.{seen[table]}"
        elif (entry := _KEY.match(line)) is not None:
            own = entry[1].replace('"', "").replace(" ", "").strip()
            found.setdefault(f"{table}.{own}" if table else own, number)
            continue
        found.setdefault(table, number)
    return found


def measure(text: str, where: str) -> int:
    """Counts keys, headings and entries without parsing, as the parser's own time, memory and stack depend on them.

    Raises:
        InputError: too many of them, nested too deep, or a number of too many digits.
    """
    items = depth = dots = 0
    for match in _TOKENS.finditer(text):
        token = match[0]
        if token == ".":
            dots += 1
        elif token in "=,\n":
            dots = 0
        elif token in "[{":
            depth, dots = depth + 1, 0
        elif token in "]}":
            depth -= 1
        elif token[0] not in "\"'#":
            raise InputError(f"a number of {len(token)} digits", where=_at(where, text, match.start()))
        items += token in "=,.[{"
        if depth > RECORD_DEPTH or dots >= RECORD_DEPTH:
            what = f"nested more than {RECORD_DEPTH} levels deep"
            raise InputError(what, where=_at(where, text, match.start()))
        if items > RECORD_ITEMS:
            what = f"more than {RECORD_ITEMS:,} keys and values"
            raise InputError(what, where=_at(where, text, match.start()))
    return items


def _at(where: str, text: str, position: int) -> str:
    return f"{where}, line {text.count(chr(10), 0, position) + 1}"


def _syntax_error(message: str, text: str, where: str) -> InputError:
    match = _PLACE.search(message)
    what = message[: match.start()] if match else message
    line = int(match[1]) if match and match[1] else text.rstrip().count("\n") + 1
    lines = text.split("\n")
    shown = lines[line - 1].strip() if line <= len(lines) else ""
    if what in ("Cannot overwrite a value", "Cannot mutate immutable namespace") or "twice" in what:
        what = "the same key is set twice"
    return InputError(f"{what[:1].lower()}{what[1:]} ('{clean(shown, 80)}')", where=f"{where}, line {line}")


def _check_value(value: Any, where: str, *, foreign: bool, key: str = "", depth: int = 0) -> Any:
    if depth > RECORD_DEPTH:
        raise InputError(f"nested more than {RECORD_DEPTH} levels deep", where=f"{where}, {key}")
    if isinstance(value, Mapping):
        table: Record = {}
        for name, inner in value.items():
            path = f"{key}.{name}" if key else str(name)
            if not isinstance(name, str):
                raise TypeError(f"{where}, {path}: a key must be text, not {type(name).__name__}")
            table[_safe(name)] = _check_value(inner, where, foreign=foreign, key=path, depth=depth + 1)
        return table
    if isinstance(value, list | tuple):
        return [
            _check_value(inner, where, foreign=foreign, key=f"{key}.{index}", depth=depth + 1)
            for index, inner in enumerate(value)
        ]
    return _check_leaf(value, f"{where}, {key}", foreign)


def _check_leaf(value: Any, where: str, foreign: bool) -> Any:
    if type(value) is str:
        return _safe(value)
    if type(value) is int and not -_INTEGER <= value < _INTEGER:
        raise InputError("an integer beyond 64 bits", where=where)
    if type(value) in (bool, int, float):
        return value
    if foreign:
        raise InputError("dates and times are not supported here", where=where, hint="write it in quotes")
    raise TypeError(f"{where}: {type(value).__name__} is not a plain text, number, flag, list or table")


def _safe(text: str) -> str:
    return clean(text, limit=RECORD_BYTES)
