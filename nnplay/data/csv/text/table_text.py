"""A table as text: names, cells and line numbers of a delimited file, every row as long as the header."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from nnplay.data.columns.named_columns import MAX_COLUMNS, NamedColumns, Skipped
from nnplay.data.csv.advice import advice
from nnplay.data.csv.options import CsvOptions
from nnplay.data.csv.text.byte_block import cut_block
from nnplay.data.csv.text.dialect import find_dialect, sample_rows
from nnplay.data.csv.text.encoding import find_encoding
from nnplay.data.csv.text.header import is_comment, read_header
from nnplay.data.csv.text.lines import Lines
from nnplay.data.csv.text.other_formats import HEAD, recognise_format
from nnplay.data.csv.text.packed_cells import ColumnGatherer
from nnplay.data.csv.text.records import Records
from nnplay.errors import InputError
from nnplay.text import clean, counted

_SAMPLE_LINES = 100
_FEWEST_LINES = 20
_SAMPLE_LETTERS = 1 << 18
_TOLD_EVERY = 4096
_TOTALS = frozenset({"total", "totals", "sum", "subtotal", "grand total"})


def read_table_text(
    file: BinaryIO, options: CsvOptions, where: str, progress: Callable[[], None] = lambda: None
) -> NamedColumns:
    """The table in `file`, read as `options` say.

    Args:
        progress: called now and then.

    Raises:
        InputError: the file is of another format or empty, or a row is broken; with its line.
    """
    head = file.read(HEAD)
    if found := recognise_format(head):
        raise InputError(f"looks like {found.kind}, not like a table of text", where=where, hint=found.way_out)
    codec, mark = find_encoding(head, options.encoding, where)
    lines = Lines(file, codec, mark, where)
    sample = _first_lines(lines.peek(_SAMPLE_LINES))
    dialect = find_dialect(sample, options.delimiter, options.decimal)
    notes = [f"encoding: {codec.upper()}"] if codec not in ("utf-8", "ascii") else []
    records = Records(lines, dialect.delimiter, where)
    shown = sample_rows(sample, dialect.delimiter)
    line, first, remarks = _first_row(records, shown, dialect.decimal)
    if len(first) > MAX_COLUMNS:
        what = f"{counted(len(first), 'column')}; at most {MAX_COLUMNS:,} are supported"
        raise InputError(what, where=f"{where}, row {line}")
    header = read_header([[cell.strip() for cell in first], *shown[remarks + 1 :]], options.header, dialect.decimal)
    rows, skipped = ColumnGatherer(len(header.names)), Skipped()
    if line and not header.found:
        rows.add(line, first)
    reading = _Reading(lines, records, rows, skipped, options.skip_bad_rows, dialect.delimiter, progress)
    remarks += reading.gather(first if header.found else (), where)
    _check_total(rows, skipped, options.skip_bad_rows, where)
    if not rows.lines:
        raise InputError("no data rows", where=where)
    if remarks:
        notes.append(f"{counted(remarks, 'comment line')} left out")
    notes = [*notes, *dialect.notes, *header.notes]
    return NamedColumns(
        header.names, rows.columns(), rows.lines, dialect.decimal, skipped, tuple(notes), header.unnamed, delimited=True
    )


def _first_lines(sample: list[str]) -> list[str]:
    """As many lines as tell how a table is written: of a wide one they are few, as each cell of them is looked at."""
    ends = itertools.accumulate(map(len, sample))
    return sample[: max(_FEWEST_LINES, sum(end <= _SAMPLE_LETTERS for end in ends))]


def _first_row(records: Records, shown: list[list[str]], decimal: str) -> tuple[int, list[str], int]:
    """Line and cells of the first row that is no remark, and how many remarks come before it.

    Args:
        shown: the first rows, this one and the next ones among them.
    """
    remarks = 0
    line, first = next(records, (0, [""]))
    while line and is_comment(shown[remarks:], decimal):
        remarks += 1
        line, first = next(records, (0, [""]))
    return line, first, remarks


@dataclass(slots=True)
class _Reading:
    """The rows behind the header on their way from lines to columns."""

    lines: Lines
    records: Records
    rows: ColumnGatherer
    skipped: Skipped
    skip_bad_rows: bool
    delimiter: str
    progress: Callable[[], None]

    def gather(self, header: Sequence[str], where: str) -> int:
        """Takes the rows that are as wide as the header (empty where there is none); returns how many are remarks."""
        remarks, width, systematic = 0, self.rows.width, ""
        while True:
            self._take_blocks()
            line, row = next(self.records, (0, []))
            if not row:
                break
            if len(row) == width:
                self.rows.add(line, row)
                if len(self.rows.lines) % _TOLD_EVERY == 0:
                    self.progress()
                continue
            if row[0].lstrip().startswith("#"):
                remarks += 1
                continue
            if header and len(row) == width + 1 and not self.rows.lines:
                systematic = _wider_hint(row, header, self.delimiter)
            reason = f"expected {counted(width, 'field')}, found {len(row)}"
            if not self.skip_bad_rows:
                raise InputError(reason, where=f"{where}, row {line}", hint=systematic or _skip_hint())
            self.skipped.add(line, reason)
        if systematic and not self.rows.lines:
            what = "no data rows: each has one more field than the header"
            raise InputError(what, where=where, hint=systematic)
        return remarks

    def _take_blocks(self) -> None:
        """Takes all rows that come in blocks without quotes, each as wide as the others."""
        while block := self.lines.take_block():
            self.progress()
            cut = cut_block(block, self.delimiter, self.rows.width)
            if cut is None:
                self.lines.put_back(block)
                return
            self.rows.add_block(self.records.line, cut)
            self.records.skip(cut.rows)


def _wider_hint(row: Sequence[str], header: Sequence[str], delimiter: str) -> str:
    """What to do where rows have one field more than the header from the first one on."""
    names = delimiter.join(header)
    if not row[-1].strip():
        shown = clean(f"{names}{delimiter}", limit=60)
        return f"the rows end with a delimiter but row 1 does not: end it with one too ({shown})"
    shown = clean(f"row{delimiter}{names}", limit=60)
    return f"if the rows begin with a name, as R writes them, name that column in row 1 too ({shown})"


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
    return f"fix the file, or use {advice('skip_bad_rows', True)} to leave such rows out"
