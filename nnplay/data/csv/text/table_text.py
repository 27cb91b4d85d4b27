"""A table as text: names, cells and line numbers of a delimited file, every row as long as the header."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from nnplay.data.csv.advice import advice
from nnplay.data.csv.options import CsvOptions
from nnplay.data.csv.text.dialect import Dialect, find_dialect, has_header, is_comment, sample_rows
from nnplay.data.csv.text.encoding import find_encoding
from nnplay.data.csv.text.lines import read_lines
from nnplay.data.csv.text.other_formats import HEAD, recognise_format
from nnplay.data.csv.text.packed_cells import ColumnGatherer, PackedCells
from nnplay.data.csv.text.records import read_records
from nnplay.errors import InputError
from nnplay.text import clean

MAX_COLUMNS = 10_000
_SAMPLE_LINES = 100
_TOTALS = frozenset({"total", "totals", "sum", "subtotal", "grand total"})


@dataclass(slots=True)
class Skipped:
    """Rows that were left out because they are broken, with the reason of the first few."""

    reasons: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, reason: str) -> None:
        """Note that the row at `line` is left out."""
        self.count += 1
        if len(self.reasons) < 5:
            self.reasons.append(f"row {line} ({reason})")

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence, or nothing when no row was left out."""
        if not self.count:
            return ()
        more = ", …" if self.count > len(self.reasons) else ""
        return (f"{self.count:,} bad row{'s' if self.count > 1 else ''} left out: {', '.join(self.reasons)}{more}",)


@dataclass(frozen=True, slots=True)
class TableText:
    """What the file says, before any cell is understood.

    Attributes:
        names: one for each column, cleaned and unique.
        columns: cells of each column, trimmed.
        lines: line of the file on which each row begins.
        decimal: `.` or `,`.
        skipped: the rows left out.
        notes: what was found out about the file.
    """

    names: tuple[str, ...]
    columns: list[PackedCells]
    lines: Sequence[int]
    decimal: str
    skipped: Skipped
    notes: tuple[str, ...]


def read_table_text(file: BinaryIO, options: CsvOptions, where: str) -> TableText:
    """The table in `file`, read as `options` say.

    Raises:
        InputError: the file is of another format or empty, or a row is broken; with its line.
    """
    head = file.read(HEAD)
    if found := recognise_format(head):
        raise InputError(f"looks like {found.kind}, not like a table of text", where=where, hint=found.way_out)
    codec, mark = find_encoding(head, options.encoding, where)
    source = read_lines(file, codec, mark, where)
    sample = list(itertools.islice(source, _SAMPLE_LINES))
    dialect = find_dialect(sample, options.delimiter, options.decimal)
    notes = [f"encoding: {codec.upper()}"] if codec not in ("utf-8", "ascii") else []
    records = read_records(itertools.chain(sample, source), dialect.delimiter, where)
    skipped = Skipped()
    rows, names, more = _rows(records, sample, dialect, options, skipped, where)
    _check_total(rows, skipped, options.skip_bad_rows, where)
    if not rows.lines:
        raise InputError("no data rows", where=where)
    return TableText(names, rows.columns(), rows.lines, dialect.decimal, skipped, (*notes, *dialect.notes, *more))


def _rows(
    records: Iterator[tuple[int, list[str]]],
    sample: Sequence[str],
    dialect: Dialect,
    options: CsvOptions,
    skipped: Skipped,
    where: str,
) -> tuple[ColumnGatherer, tuple[str, ...], list[str]]:
    shown = sample_rows(sample, dialect.delimiter)
    line, first = next(records, (0, [""]))
    while line and is_comment(shown, dialect.decimal):
        if not options.skip_bad_rows:
            raise InputError("looks like a comment, not like a header", where=f"{where}, row {line}", hint=_skip_hint())
        skipped.add(line, "a comment")
        line, first = next(records, (0, [""]))
        shown = shown[1:]
    if len(first) > MAX_COLUMNS:
        raise InputError(f"{len(first):,} columns, at most {MAX_COLUMNS:,} are read", where=f"{where}, row {line}")
    cells = [cell.strip() for cell in first]
    named = options.header == "yes" or (options.header == "auto" and has_header([cells], dialect.decimal))
    names, notes = column_names(cells if named else [""] * len(cells), reported=named)
    if not named and options.header == "auto" and line:
        named_in = advice("header", "yes")
        notes.append(f"no header found: columns are named column_1, … ({named_in} if row 1 is one)")
    rows = ColumnGatherer(len(names))
    if line and not named:
        rows.add(line, first)
    systematic = ""
    for line, row in records:
        if len(row) == len(names):
            rows.add(line, row)
            continue
        if named and len(row) == len(names) + 1 and not rows.lines:
            systematic = _wider_hint(row, first, dialect.delimiter)
        reason = f"expected {len(names)} field{'s' if len(names) > 1 else ''}, found {len(row)}"
        reason += ", a comment?" if row[0].startswith("#") else ""
        if not options.skip_bad_rows:
            raise InputError(reason, where=f"{where}, row {line}", hint=systematic or _skip_hint())
        skipped.add(line, reason)
    if systematic and not rows.lines:
        what = "no data rows: each has one field more than the header"
        raise InputError(what, where=where, hint=systematic)
    return rows, names, notes


def _wider_hint(row: Sequence[str], header: Sequence[str], delimiter: str) -> str:
    """What to do where rows have one field more than the header from the first one on."""
    names = delimiter.join(header)
    if not row[-1].strip():
        shown = clean(f"{names}{delimiter}", limit=60)
        return f"rows end with a delimiter and row 1 does not: end it with one too ({shown})"
    shown = clean(f"row{delimiter}{names}", limit=60)
    return f"if rows begin with a name, as R writes them, give that column one in row 1 too ({shown})"


def column_names(header: Sequence[str], *, reported: bool) -> tuple[tuple[str, ...], list[str]]:
    """Names made unique (`a`, `a_2`) and empty ones numbered (`column_3`), with a note on what was renamed."""
    cleaned = [clean(name) for name in header]
    taken: set[str] = set()
    names: list[str] = []
    renamed: list[str] = []
    for place, name in enumerate(cleaned, start=1):
        base = unique = name or f"column_{place}"
        copy = 1
        while unique in taken or (unique != name and unique in cleaned):
            copy += 1
            unique = f"{base}_{copy}"
        taken.add(unique)
        names.append(unique)
        if unique != name:
            renamed.append(f"column {place} is now '{unique}'")
    if not reported or not renamed:
        return tuple(names), []
    more = ", …" if len(renamed) > 5 else ""
    return tuple(names), [f"duplicate or empty names: {', '.join(renamed[:5])}{more}"]


def _check_total(rows: ColumnGatherer, skipped: Skipped, skip_bad_rows: bool, where: str) -> None:
    """A last row "Total, …" is a sum over the data, not a part of it."""
    last = rows.last
    place = next((place for place, cell in enumerate(last) if cell), None)
    if place is None or last[place].lower().rstrip(":") not in _TOTALS or len(rows.lines) < 2:
        return
    word, line = last[place], rows.lines[-1]
    if rows.repeats(place, word):
        return
    if not skip_bad_rows:
        raise InputError(f"'{clean(word)}' looks like a row of totals", where=f"{where}, row {line}", hint=_skip_hint())
    skipped.add(line, "totals")
    rows.drop_last()


def _skip_hint() -> str:
    return f"mend the file, or use {advice('skip_bad_rows', True)} to leave such rows out"
