"""What one cell of a table says: a number, a missing value, or text that only looks like a number."""

from __future__ import annotations

import re

from nnplay.data.csv.advice import advice

MISSING = frozenset({"", "na", "n/a", "n.a.", "<na>", "#n/a", "null", "\\n", "nat", "?", "-", "--", "0000-00-00"})
MISSING |= {"#value!", "#ref!", "#div/0!", "#num!", "#name?"}
#: Words that may be categories, but among numbers and dates say that there is none.
MISSING_AMONG_NUMBERS = frozenset({"none", "nil", "missing", "unknown", "*", "—", "–", "n.d.", "nd", "tbd", "blank"})
#: Stata and SAS write a point for nothing, with a letter behind it where they say why.
_POINT = re.compile(r"\.[a-z_]?", re.IGNORECASE)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_LIKE_NUMBERS: tuple[tuple[re.Pattern[str], str | tuple[str, str, str]], ...] = (
    (re.compile(r"[+-]?[0-9]{1,3}(?:[,.' ][0-9]{3})+(?:[.,][0-9]+)?"), "write numbers without thousands separators"),
    (re.compile(r"[+-]?[0-9]+,[0-9]*"), ("decimal", ",", "the comma is a decimal comma")),
    (re.compile(r"[+-]?[0-9]+\.[0-9]*"), ("decimal", ".", "the point is a decimal point")),
    (re.compile(r"[+-]?[0-9.,]+ ?%"), "write a percentage as a plain number, without %"),
    (re.compile(r"[+-]?0[xXoObB][0-9a-fA-F]+"), "write hexadecimal numbers as decimal ones"),
    (re.compile(r"[+-]?[0-9]+(?:_[0-9]+)+"), "write numbers without underscores"),
    (re.compile(r"[$€£¥] ?[0-9.,]+|[0-9.,]+ ?[$€£¥]"), "write amounts without the currency sign"),
)


def is_missing(cell: str) -> bool:
    """Whether the cell is empty or one of the usual words for nothing (`NA`, `null`, `?`, `-`, `.`, `#N/A`)."""
    return cell.lower() in MISSING or bool(_POINT.fullmatch(cell))


def parse_number(cell: str, decimal: str = ".") -> float | None:
    """The number that the cell plainly is (ASCII digits, exponent allowed; also nan and inf), or None for text."""
    if decimal == ",":
        if "." in cell:
            return None
        cell = cell.replace(",", ".")
    if _NUMBER.fullmatch(cell) or _NOT_FINITE.fullmatch(cell):
        return float(cell)
    return None


def number_hint(cell: str) -> str:
    """What to do about text that looks like a number (`1,234`, `12 %`, `0x10`, `1_000`, Arabic digits), or nothing."""
    for pattern, hint in _LIKE_NUMBERS:
        if pattern.fullmatch(cell):
            return hint if isinstance(hint, str) else f"use {advice(*hint[:2])} if {hint[2]}"
    if not cell.isascii() and any(letter.isdecimal() and not letter.isascii() for letter in cell):
        return "write numbers with the digits 0 to 9"
    return ""
