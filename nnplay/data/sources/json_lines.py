"""JSON lines: a record a line, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from nnplay.data.addresses import place_of
from nnplay.data.csv.named_columns import NamedColumns, Skipped
from nnplay.data.csv.text.text_file import open_lines
from nnplay.data.json.records import RecordTable, is_json_lines, parse
from nnplay.data.table_source import ENCODING, skipped_columns, table_source
from nnplay.errors import InputError

#: As for a table of text.
_GROWTH: Final = 12


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of all records, named by their keys."""
    where, skipped = place_of(path), Skipped()
    table = RecordTable(where, skipped_columns(values))
    with open_lines(path, str(values.get("encoding") or "auto"), where, growth=_GROWTH) as lines:
        for number, line in _numbered(lines):
            try:
                record = parse(line, f"{where}, row {number}")
                table.add(number, record)
            except InputError as error:
                if not values.get("skip_bad_rows"):
                    raise
                skipped.add(number, error.what)
    return table.named_columns(skipped)


def _numbered(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    return ((number, line) for number, line in enumerate(lines, 1) if not line.isspace())


JSON_LINES = table_source(
    "json_lines",
    title="a file of JSON lines",
    label="JSON lines",
    about="A record of names and values on each line; records within records become columns such as user.age.",
    endings=(".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"),
    fields=(ENCODING,),
    columns=columns,
    recognise=is_json_lines,
)
