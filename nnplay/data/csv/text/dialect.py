"""How a delimited text file is written: delimiter, decimal mark, header; found from its beginning."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nnplay.data.cells.cells import parse_number
from nnplay.data.csv.advice import advice

DELIMITERS = (",", ";", "\t", "|")
BLANK = " "
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
_COMMA_NUMBER = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")
_POINT_NUMBER = re.compile(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?")
#: So many letters, in so many lines at the least, tell as much as all of them.
_MOST_LETTERS = 1 << 18
_FEWEST_LINES = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the file is written, and what was found rather than told."""

    delimiter: str
    decimal: str
    notes: tuple[str, ...] = ()


def find_dialect(lines: Sequence[str], delimiter: str, decimal: str) -> Dialect:
    """The dialect of a file that begins with `lines`; "auto" is found out, anything else is taken as told."""
    lines = _enough([line for line in lines if not line.startswith("#")] or lines)
    found = _best_delimiter(lines) if delimiter == "auto" else delimiter
    notes = [f"delimiter: {_NAMES[found]}"] if delimiter == "auto" and found != "," else []
    if decimal != "auto":
        return Dialect(found, decimal, tuple(notes))
    mark = _decimal_mark(sample_rows(lines, found)) if found != "," else "."
    if mark == ",":
        notes.append(f"decimal comma (if it separates thousands, use {advice('decimal', '.')})")
    return Dialect(found, mark, tuple(notes))


def _enough(lines: Sequence[str]) -> Sequence[str]:
    """All lines, or the first few where they are very long."""
    letters = itertools.accumulate(map(len, lines))
    return lines[: max(_FEWEST_LINES, sum(count <= _MOST_LETTERS for count in letters))]


def sample_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Cells of the first lines, read leniently: quoting errors are for the real reading to report."""
    lines = [join_blanks(line) for line in lines] if delimiter == BLANK else lines
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        rows = [line.rstrip("\n").split(delimiter) for line in lines]
    return [[cell.strip() for cell in row] for row in rows if row]


def join_blanks(line: str) -> str:
    """A line of a blank-delimited file as the reader of rows takes it: no tabs, and nothing behind the last cell."""
    return line.replace("\t", " ").strip() + "\n"


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """How many cells most rows have."""
    widths = Counter(len(row) for row in rows)
    return widths.most_common(1)[0][0] if widths else 0


def _best_delimiter(lines: Sequence[str]) -> str:
    """The candidate that cuts the rows most evenly, into the most numbers, and then into the most cells."""
    scores = {candidate: _score(sample_rows(lines, candidate)) for candidate in DELIMITERS}
    best = max(DELIMITERS, key=lambda candidate: scores[candidate])
    if scores[best] > (0.0, 0):
        return best
    return BLANK if _is_blank_delimited(lines) else ","


def _is_blank_delimited(lines: Sequence[str]) -> bool:
    """Whether blanks cut all rows into as many cells, but for a header that may lack the name of the row names."""
    rows = sample_rows(lines, BLANK)
    width = usual_width(rows[1:])
    return width > 1 and all(len(row) == width for row in rows[1:]) and len(rows[0]) in (width, width - 1)


def _score(rows: list[list[str]]) -> tuple[float, int]:
    width = usual_width(rows)
    if width < 2:
        return 0.0, 0
    even = sum(len(row) == width for row in rows) / len(rows)
    cells = [cell for row in rows for cell in row]
    numbers = sum(parse_number(cell) is not None or bool(_COMMA_NUMBER.fullmatch(cell)) for cell in cells)
    return round(even * (1 + numbers / len(cells)), 3), width


def _decimal_mark(rows: list[list[str]]) -> str:
    cells = [cell for row in rows for cell in row]
    commas = sum(bool(_COMMA_NUMBER.fullmatch(cell)) for cell in cells)
    points = sum(bool(_POINT_NUMBER.fullmatch(cell)) for cell in cells)
    return "," if commas > points else "."
