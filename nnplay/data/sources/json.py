"""JSON files that are a table: a list of records, lists by column, or what pandas writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from nnplay.data.columns.named_columns import NamedColumns, Skipped
from nnplay.data.csv.text.other_formats import HEAD
from nnplay.data.csv.text.text_file import open_lines
from nnplay.data.json.records import RecordTable, add_lines, is_json_lines, parse
from nnplay.data.reading.addresses import place_of
from nnplay.data.reading.table_source import ENCODING, skipped_columns, table_source
from nnplay.errors import InputError

#: Python's values take about twenty times the room of their text.
_GROWTH: Final = 30
_FORMS: Final = 'a table is a list of records [{"age": 7}, …] or lists by column {"age": [7, …]}'


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of all records."""
    where = place_of(path)
    with open_lines(path, str(values.get("encoding") or "auto"), where, growth=_GROWTH) as lines:
        text = "".join(lines)
    if not text.strip():
        raise InputError("no data rows", where=where)
    table = RecordTable(where, skipped_columns(values))
    if is_json_lines(text[:HEAD]):  # many give them this name
        skip_bad_rows = bool(values.get("skip_bad_rows"))
        return table.named_columns(add_lines(table, text.split("\n"), where, skip_bad_rows=skip_bad_rows))
    for number, record in enumerate(_records(parse(text.rstrip(), where, first_line=1), where), 1):
        table.add(number, record)
    return table.named_columns(Skipped())


def _records(document: Any, where: str) -> Iterator[Any]:
    """The records of a document, whichever of the usual forms it has."""
    if isinstance(document, list):
        yield from _of_rows(document, where) if document and isinstance(document[0], list) else document
        return
    if not isinstance(document, dict):
        raise InputError("is not a table", where=where, hint=_FORMS)
    lists = {name: value for name, value in document.items() if isinstance(value, list)}
    if {"columns", "data"} <= lists.keys():
        yield from _of_rows([document["columns"], *document["data"]], where)
    elif len(lists) == 1 and isinstance(next(iter(lists.values()))[:1], list) and _holds_records(lists):
        yield from next(iter(lists.values()))
    elif lists and len(lists) == len(document):
        yield from _of_columns(lists, where)
    elif document and all(isinstance(value, dict) for value in document.values()):
        yield from _of_indexed(document, where)
    else:
        raise InputError("is not a table", where=where, hint=_FORMS)


def _holds_records(lists: Mapping[str, list[Any]]) -> bool:
    first = next(iter(lists.values()))[:1]
    return bool(first) and isinstance(first[0], dict)


def _of_rows(rows: list[Any], where: str) -> Iterator[dict[str, Any]]:
    """Records out of rows, the first of which holds the names."""
    names = rows[0]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError("rows are lists, and the first one holds no names", where=where, hint=_FORMS)
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise InputError(f"two columns are called '{twice}'", where=where)
    for number, row in enumerate(rows[1:], 1):
        if not isinstance(row, list) or len(row) != len(names):
            found = f"{len(row)} values" if isinstance(row, list) else "no list"
            raise InputError(f"expected {len(names)} values, found {found}", where=f"{where}, row {number}")
        yield dict(zip(names, row, strict=True))


def _of_columns(lists: Mapping[str, list[Any]], where: str) -> Iterator[dict[str, Any]]:
    first = next(iter(lists))
    for name, cells in lists.items():
        if len(cells) != len(lists[first]):
            what = f"{len(cells):,} values where column '{first}' has {len(lists[first]):,}"
            raise InputError(what, where=f"{where}, column '{name}'")
    for row in zip(*lists.values(), strict=True):
        yield dict(zip(lists, row, strict=True))


def _of_indexed(document: Mapping[str, Mapping[str, Any]], where: str) -> Iterator[dict[str, Any]]:
    """Columns whose cells are named by their row, as pandas writes a frame unless told otherwise."""
    first = next(iter(document.values()))
    if not first or any(cells.keys() != first.keys() for cells in document.values()):
        raise InputError("is not a table", where=where, hint=_FORMS)
    for row in first:
        yield {name: cells[row] for name, cells in document.items()}


def recognise(head: bytes) -> bool:
    """A list or an object that begins as a table does, and no record a line."""
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    begins = text[:1] == "[" and text[1:].lstrip()[:1] in ("{", "[")
    return begins or (text[:1] == "{" and text[1:].lstrip()[:1] == '"' and not is_json_lines(text))


JSON = table_source(
    "json",
    title="a JSON file",
    label="JSON",
    about="A list of records, lists by column, or what pandas writes; nested records become columns such as user.age.",
    endings=(".json", ".json.gz"),
    fields=(ENCODING,),
    columns=columns,
    recognise=recognise,
)
