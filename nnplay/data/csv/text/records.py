"""The rows of a delimited text file with the line that each begins on; quoting and length errors are named by line."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from nnplay.data.csv.text.dialect import BLANK, join_blanks
from nnplay.data.csv.text.lines import FIELD_LIMIT
from nnplay.errors import InputError
from nnplay.memory_budget import size_text

_limit_lock = threading.Lock()


@contextmanager
def field_limit() -> Iterator[None]:
    """Python's csv module keeps its field limit in one place for the whole process: ours holds while we read."""
    with _limit_lock:
        before = csv.field_size_limit(FIELD_LIMIT)
        try:
            yield
        finally:
            csv.field_size_limit(before)


class Records(Iterator[tuple[int, list[str]]]):
    """(line number, cells) of each row that is not blank; a quoted cell may span lines.

    Attributes:
        line: the number of the line that comes next.

    Raises:
        InputError: a quote that is not closed, or a field above the limit.
    """

    def __init__(self, lines: Iterator[str], delimiter: str, where: str) -> None:
        self.line = 1
        self._recent: list[str] = []
        self._delimiter, self._where = delimiter, where
        read = (join_blanks(line) for line in lines) if delimiter == BLANK else lines
        self._reader = csv.reader(self._keep_recent(read), delimiter=delimiter, strict=True, skipinitialspace=True)

    def __next__(self) -> tuple[int, list[str]]:
        row: list[str] = []
        begin = self.line
        while not row:
            begin = self.line
            self._recent.clear()
            try:
                row = next(self._reader)
            except csv.Error as error:
                raise _explain(error, self._recent, begin, self._delimiter, self._where) from None
            self.line = begin + len(self._recent)
        return begin, row

    def skip(self, lines: int) -> None:
        """Somebody else has read so many lines."""
        self.line += lines

    def _keep_recent(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self._recent.append(line)
            yield line


def _explain(error: csv.Error, recent: list[str], begin: int, delimiter: str, where: str) -> InputError:
    opened, closed = _last_quote("".join(recent), begin, delimiter)
    if "field larger" in str(error):
        what = f"a field is larger than {size_text(FIELD_LIMIT)}"
        hint = "is the quote that opens here ever closed?" if opened and not closed else ""
        return InputError(what, where=f"{where}, row {opened or begin}", hint=hint)
    if opened and not closed:
        hint = 'close it, or write "" for a quote inside a quoted cell'
        return InputError("the quote that opens here is never closed", where=f"{where}, row {opened}", hint=hint)
    what = "the quoted cell that opens here continues after its closing quote"
    return InputError(what, where=f"{where}, row {opened or begin}", hint='write "" for a quote inside a quoted cell')


def _last_quote(text: str, line: int, delimiter: str) -> tuple[int, bool]:
    """The line on which the last (or first faulty) quoted cell opens, 0 for none; and whether it is closed."""
    opened, position, cell_begins = 0, 0, True
    while position < len(text):
        letter = text[position]
        if cell_begins and letter == '"':
            opened = line
            end = _closing_quote(text, position + 1)
            if end < 0:
                return opened, False
            line += text.count("\n", position, end)
            position = end + 1
            if text[position : position + 1] not in ("", "\n", delimiter):
                return opened, True
            cell_begins = False
            continue
        line += letter == "\n"
        cell_begins = letter in (delimiter, "\n") or (cell_begins and letter == " ")
        position += 1
    return opened, True


def _closing_quote(text: str, position: int) -> int:
    while (position := text.find('"', position)) >= 0 and text[position + 1 : position + 2] == '"':
        position += 2
    return position
