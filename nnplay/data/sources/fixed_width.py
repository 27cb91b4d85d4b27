"""Fixed-width text: columns that stand below each other, with blanks between them or by widths that are given."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from nnplay.data.columns.named_columns import MAX_COLUMNS, NamedColumns
from nnplay.data.csv.advice import advice
from nnplay.data.csv.text.header import read_header
from nnplay.data.csv.text.packed_cells import ColumnGatherer
from nnplay.data.csv.text.text_file import open_lines
from nnplay.data.reading.addresses import place_of
from nnplay.data.reading.table_source import ENCODING, HEADER, table_source
from nnplay.errors import InputError
from nnplay.fields import text

#: As for a table of text.
_GROWTH: Final = 12
#: Lines from which columns are found.
_SAMPLE: Final = 1000
_SHOWN: Final = 10

Span = tuple[int, int]


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of a file, as text."""
    where = place_of(path)
    widths = _read_widths(str(values.get("widths") or "auto"), where)
    with open_lines(path, str(values.get("encoding") or "auto"), where, growth=_GROWTH) as source:
        lines = ((number, line.rstrip("\n").expandtabs()) for number, line in enumerate(source, 1))
        filled = ((number, line) for number, line in lines if line.strip() and not _is_rule(line))
        sample = list(itertools.islice(filled, _SAMPLE))
        if not sample:
            raise InputError("no data rows", where=where)
        spans = widths or _find_spans([line for _, line in sample])
        if len(spans) > MAX_COLUMNS:
            raise InputError(f"{len(spans):,} columns; at most {MAX_COLUMNS:,} are supported", where=where)
        rows = [[line[begin:end].strip() for begin, end in spans] for _, line in sample[:100]]
        header = read_header(rows, str(values.get("header") or "auto"), ".")
        taken = ColumnGatherer(len(spans))
        for number, line in itertools.islice(itertools.chain(sample, filled), int(header.found), None):
            _refuse_cut(line, spans, f"{where}, row {number}", given=bool(widths))
            taken.add(number, [line[begin:end] for begin, end in spans])
    if not taken.lines:
        raise InputError("no data rows", where=where)
    notes = header.notes if widths else (f"columns found at {_describe(spans)} (widths says otherwise)", *header.notes)
    return NamedColumns(header.names, taken.columns(), taken.lines, notes=notes, unnamed=header.unnamed)


def _read_widths(given: str, where: str) -> list[Span]:
    """`5,10,8` as places in the line; nothing where they are to be found."""
    if given == "auto":
        return []
    try:
        sizes = [int(part) for part in given.replace(" ", ",").split(",") if part]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise InputError(
            f"'{given}' is not a list of widths", where=where, hint=f"use {advice('widths', '5,10,8')}, or auto"
        )
    ends = list(itertools.accumulate(sizes))
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _find_spans(lines: Sequence[str]) -> list[Span]:
    """Where columns stand: places that are blank in every line are between them."""
    length = max(map(len, lines))
    filled = bytearray(length)
    for line in lines:
        for place, letter in enumerate(line):
            if letter != " ":
                filled[place] = 1
    begins = [place for place in range(length) if filled[place] and (place == 0 or not filled[place - 1])]
    ends = [*begins[1:], max(length, begins[-1] + 1)]
    return list(zip(begins, ends, strict=True))


def _refuse_cut(line: str, spans: Sequence[Span], place: str, *, given: bool) -> None:
    """Refuses a line that has letters where no column is, or a word across the border of two columns."""
    beyond = line[spans[-1][1] :].strip() if given else ""
    before = line[: spans[0][0]].strip()
    across = not given and any(line[end - 1 : end].strip() for _, end in spans[:-1])
    if beyond or before or across:
        hint = f"use {advice('widths', '5,10,8')} to say how wide columns are"
        raise InputError("its words are not aligned with those of the first rows", where=place, hint=hint)


def _is_rule(line: str) -> bool:
    """Whether it is a line of signs between the header and the rows."""
    return not line.strip(" -=+|") and len(line.strip()) > 2


def _describe(spans: Iterable[Span]) -> str:
    begins = [str(begin + 1) for begin, _ in spans]
    return ", ".join(begins[:_SHOWN]) + (", …" if len(begins) > _SHOWN else "")


FIXED_WIDTH = table_source(
    "fixed_width",
    title="a file of fixed width",
    label="fixed width",
    about="Text whose columns stand below each other; their places are found, or given as widths.",
    endings=(".fwf", ".fwf.gz"),
    fields=(text("widths", "auto", "letters of each column, as 5,10,8, or auto"), ENCODING, HEADER),
    columns=columns,
)
