"""JSON lines: a record a line, read as a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.csv.text.text_file import open_lines
from nnplay.data.json.records import RecordTable, add_lines, is_json_lines
from nnplay.data.reading.addresses import place_of
from nnplay.data.reading.table_source import ENCODING, skipped_columns, table_source

#: As for a table of text.
_GROWTH: Final = 12


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of all records, named by their keys."""
    where = place_of(path)
    table = RecordTable(where, skipped_columns(values))
    with open_lines(path, str(values.get("encoding") or "auto"), where, growth=_GROWTH) as lines:
        skipped = add_lines(table, lines, where, skip_bad_rows=bool(values.get("skip_bad_rows")))
    return table.named_columns(skipped)


JSON_LINES = table_source(
    "json_lines",
    title="a file of JSON lines",
    label="JSON lines",
    about="A record of names and values on each line; records within records become columns such as user.age.",
    endings=(".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"),
    fields=(ENCODING,),
    columns=columns,
    recognise=lambda head: is_json_lines(head.decode("utf-8-sig", errors="replace")),
)
