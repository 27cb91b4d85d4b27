"""Excel workbooks, read by openpyxl as a stream, after a look at what the archive unpacks to."""

from __future__ import annotations

import datetime
import itertools
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

import numpy as np

from nnplay.data.apart.wire import send, send_column
from nnplay.data.columns.named_columns import MAX_COLUMNS
from nnplay.data.csv.text.header import has_header
from nnplay.data.reading.gathering import BLOCK, GatheredColumn, Gatherer
from nnplay.errors import InputError, nearest
from nnplay.memory_budget import size_text
from nnplay.text import clean, counted

#: A sheet is packed to a tenth or a twentieth; what unpacks to more than this is made to fill a memory.
_RATIO: Final = 200
_ALWAYS: Final = 4 << 20
_MOST_MEMBERS: Final = 10_000
#: Rows from which a header is told.
_SAMPLE: Final = 20
_DAMAGED: Final = "is damaged, or not an Excel workbook"

Row = tuple[int, list[Any]]


def read_rows(order: Mapping[str, Any], out: BinaryIO) -> None:
    """Sends the columns of `sheet` (the first one, without a name) of the workbook at `path`."""
    import xml.etree.ElementTree

    path = str(order["path"])
    try:
        _refuse_bomb(path, int(order["memory"]))
        from openpyxl import load_workbook

        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        _send_sheet(_find_sheet(book, str(order["sheet"])), str(order["header"]), out)
    except (InputError, MemoryError):
        raise
    except (zipfile.BadZipFile, xml.etree.ElementTree.ParseError, EOFError) as error:
        raise InputError(f"{_DAMAGED}: {clean(str(error), 80)}") from None
    except Exception as error:  # openpyxl has no error of its own for a file that is not as it expects
        raise InputError(f"{_DAMAGED} ({type(error).__name__}: {clean(str(error), 80)})") from None


def _refuse_bomb(path: str, memory: int) -> None:
    """Compares what the archive declares, beyond which nothing is unpacked, with what it takes."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise InputError(f"holds {len(members):,} files, more than any workbook")
    if any(member.flag_bits & 1 for member in members):
        raise InputError("needs a password", hint="save it without one")
    for member in members:
        if member.file_size > max(_ALWAYS, _RATIO * member.compress_size):
            sizes = f"{size_text(member.file_size)}, from {size_text(member.compress_size)}"
            raise InputError(
                f"'{clean(member.filename, 60)}' unpacks to {sizes}", hint="it looks designed to exhaust memory"
            )
    if sum(member.file_size for member in members) > memory:
        raise MemoryError


def _find_sheet(book: Any, wanted: str) -> Any:
    names = [str(name) for name in book.sheetnames]
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if not sheets:
        raise InputError("has no sheet with cells")
    if not wanted:
        return book.worksheets[0]
    if wanted not in sheets:
        raise InputError(f"there is no sheet '{clean(wanted)}'", hint=nearest(wanted, names[:100]))
    return sheets[wanted]


def _send_sheet(sheet: Any, header: str, out: BinaryIO) -> None:
    sheet.reset_dimensions()  # what a file says of its own size need not be true
    rows = _filled(sheet)
    sample = list(itertools.islice(rows, _SAMPLE))
    if not sample:
        raise InputError("no data rows")
    width = max(len(row) for _, row in sample)
    above = next(place for place, (_, row) in enumerate(sample) if place + 1 == len(sample) or _count(row) > 1)
    sample = sample[above:]
    words = [["" if cell is None else str(cell) for cell in _padded(row, width)] for _, row in sample]
    named = header == "yes" or (header == "auto" and has_header(words, "."))
    names = words[0] if named else [""] * width
    first_line = sample[0][0]
    gathered, lines = Gatherer(), []
    for block in _blocks(itertools.chain(sample[named:], rows)):
        for line, row in block:
            if len(row) > width:
                raise InputError(f"expected {counted(width, 'cell')}, found {len(row)}", where=f"row {line}")
            lines.append(line)
        gathered.take_rows(names, [_padded(row, width) for _, row in block])
        send(out, {"say": [gathered.rows, 0, "rows"]})
    if not gathered.rows:
        raise InputError("no data rows")
    for name, column in zip(names, gathered.columns(), strict=True):
        send_column(out, name, column)
    send_column(out, "", GatheredColumn("whole", len(lines), np.array(lines, np.int64)), numbers=True)
    notes = [f"sheet '{clean(sheet.title)}'"]
    if above:
        notes.append(f"{counted(above, 'row')} above row {first_line} left out: a title")
    if not named:
        notes.append("no header found: columns are named column_1, …")
    send(out, {"end": gathered.rows, "notes": notes})


def _filled(sheet: Any) -> Iterator[Row]:
    """Number and cells of each row that is not empty, without what is empty behind them."""
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        row = [_plain(cell) for cell in cells]
        while row and row[-1] is None:
            row.pop()
        if len(row) > MAX_COLUMNS:
            raise InputError(f"{len(row):,} columns; at most {MAX_COLUMNS:,} are supported", where=f"row {number}")
        if row:
            yield number, row


def _plain(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, datetime.time):
        return (cell.hour * 3600 + cell.minute * 60 + cell.second) / 86_400
    return cell


def _blocks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while block := list(itertools.islice(rows, BLOCK)):
        yield block


def _count(row: Sequence[Any]) -> int:
    return sum(cell is not None for cell in row)


def _padded(row: list[Any], width: int) -> list[Any]:
    return row + [None] * (width - len(row))
