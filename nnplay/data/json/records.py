"""JSON parsed within bounds, and its records as columns: what is nested gets a name such as `user.age`."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from nnplay.data.columns.named_columns import MAX_COLUMNS, NamedColumns, Skipped
from nnplay.data.csv.advice import advice
from nnplay.data.reading.gathering import BLOCK, Gatherer, nothing
from nnplay.errors import InputError
from nnplay.text import clean, counted, shown

#: Records within records.
_DEEPEST: Final = 16
#: So many names are never too many; of more, each record has to have its share.
_FEW_NAMES: Final = 500
_SPARSE: Final = 50
_TOO_DEEP: Final = "records in records become columns, lists in lists do not"


def parse(text: str, where: str, *, first_line: int = 0) -> Any:
    """What a JSON text says; NaN and Infinity are numbers, as many programs write them.

    Args:
        first_line: of the text in its file, where errors are to name the line.

    Raises:
        InputError: it is not JSON, nested too deeply, or gives a name twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_record)
    except json.JSONDecodeError as error:
        place = f"{where}, row {error.lineno}" if first_line else where
        raise InputError(
            f"is not JSON: {error.msg.lower().removesuffix(' at')} at column {error.colno}", where=place
        ) from None
    except RecursionError:
        raise InputError("is nested too deeply", where=where, hint=_TOO_DEEP) from None
    except _Twice as error:
        raise InputError(f"a record has '{clean(str(error))}' twice", where=where) from None
    except ValueError:
        raise InputError("has a number of too many digits", where=where) from None


class _Twice(Exception):
    """A record gives a name twice."""


def _record(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise _Twice(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return record


class RecordTable:
    """Takes records one by one and makes columns of them.

    Args:
        where: what messages call the file.
        skip: names of columns that are not looked at.
    """

    def __init__(self, where: str, skip: Sequence[str] = ()) -> None:
        self._where = where
        self._skip = dict.fromkeys(skip)
        self._gathered = Gatherer()
        self._block: list[dict[str, Any]] = []
        self._lines: array[int] = array("q")
        self._counts: Counter[str] = Counter()

    def add(self, line: int, record: Any) -> None:
        """Takes the record on that line.

        Raises:
            InputError: it is no record, or holds a list.
        """
        place = f"{self._where}, row {line}"
        if not isinstance(record, Mapping):
            what = f"{_kind(record)} where a record was expected"
            raise InputError(what, where=place, hint='records are written {"name": value, …}')
        flat = dict(self._flatten(record, place, "", 0))
        self._counts.update(flat.keys())
        if len(self._counts) > MAX_COLUMNS:
            what = f"more than {MAX_COLUMNS:,} columns: records have ever other names"
            raise InputError(what, where=place, hint="are the names values?")
        self._block.append(flat)
        self._lines.append(line)
        if len(self._block) >= BLOCK:
            self._flush()

    def named_columns(self, skipped: Skipped, notes: Sequence[str] = ()) -> NamedColumns:
        """The columns of all records."""
        self._flush()
        rows = self._gathered.rows
        if not rows:
            raise InputError("no data rows", where=self._where)
        names = [*map(str, self._gathered.keys), *(name for name in self._skip if name not in self._counts)]
        columns = [column.for_table for column in self._gathered.columns()]
        columns += [nothing(rows).for_table for _ in names[len(columns) :]]
        rare = [f"'{clean(name, 40)}' in {count:,}" for name, count in self._counts.items() if count < rows]
        if rare:
            more = ", …" if len(rare) > 5 else ""
            notes = [*notes, f"not all of {counted(rows, 'record')} have every name: {', '.join(rare[:5])}{more}"]
        return NamedColumns(tuple(names), columns, lines=self._lines, skipped=skipped, notes=tuple(notes))

    def _flush(self) -> None:
        names, rows = len(self._counts), len(self._lines)
        if names > _FEW_NAMES and _SPARSE * self._counts.total() < names * rows:
            what = f"{counted(rows, 'record')} have {names:,} names, and each hardly any of them"
            raise InputError(what, where=self._where, hint="are the names values?")
        if self._block:
            self._gathered.take_records(self._block)
            self._block = []

    def _flatten(self, record: Mapping[str, Any], place: str, before: str, depth: int) -> Iterator[tuple[str, Any]]:
        if depth > _DEEPEST:
            raise InputError(f"records are nested more than {_DEEPEST} deep", where=place, hint=_TOO_DEEP)
        for key, value in record.items():
            name = before + key
            if name in self._skip:
                continue
            if isinstance(value, Mapping):
                yield from self._flatten(value, place, f"{name}.", depth + 1)
            elif isinstance(value, list):
                hint = f"use {advice('kinds', {clean(name): 'skip'})} to leave it out"
                where = f"{place}, column '{clean(name)}'"
                raise InputError("holds a list, and a cell is one number or word", where=where, hint=hint)
            else:
                yield name, value


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "null" if value is None else shown(value)


def add_lines(table: RecordTable, lines: Iterable[str], where: str, *, skip_bad_rows: bool) -> Skipped:
    """Takes the records on the lines that are not blank; returns which were left out.

    Raises:
        InputError: a line is no record, unless such ones are to be left out.
    """
    skipped = Skipped()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            table.add(number, parse(line, f"{where}, row {number}"))
        except InputError as error:
            if not skip_bad_rows:
                raise
            skipped.add(number, error.what)
    return skipped


def is_json_lines(head: str) -> bool:
    """Whether a text that begins so has a whole record on each of its first two lines."""
    lines = [line.strip() for line in head.split("\n")[:-1]]
    return len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for line in lines[:2])
