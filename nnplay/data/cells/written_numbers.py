"""Numbers as people write them: money, percentages, thousands, units and other minus signs, read a column at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from nnplay.data.cells.cells import parse_number

_MINUS: Final = "\N{MINUS SIGN}\N{EN DASH}\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}"
_SPACES: Final = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}"
_PLAIN_MARKS: Final = str.maketrans(dict.fromkeys(_MINUS, "-") | dict.fromkeys(_SPACES, " ") | {"’": "'"})
_MONEY: Final = "$€£¥₹₽₩₺₫฿₴"
_CODES: Final = "USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW"
_BEFORE: Final = re.compile(rf"(?P<sign>[+-]?) ?(?P<unit>[A-Z]{{0,2}}[{_MONEY}]|{_CODES}) ?(?P<rest>[+-]?[0-9.,].*)")
_BEHIND: Final = re.compile(
    rf"(?P<rest>.*[0-9.,]) ?(?P<unit>%|[{_MONEY}]|[^\W\d_](?:[^\W\d_]|[°/²³^%·]){{0,9}}|°[A-Z]?)"
)
_LONGEST: Final = 60
_FORTRAN: Final = re.compile(r"([+-]?[0-9]+\.?[0-9]*)[dD]([+-]?[0-9]+)")
_GROUPED: Final = {
    ".": re.compile(
        r"[+-]?[0-9]{1,3}(?:(?P<mark>[,' ])[0-9]{2,3}(?:(?P=mark)[0-9]{2,3})*(?<=(?P=mark)[0-9]{3}))(?:\.[0-9]*)?"
    ),
    ",": re.compile(r"[+-]?[0-9]{1,3}(?:(?P<mark>[.' ])[0-9]{3}(?:(?P=mark)[0-9]{3})*)(?:,[0-9]*)?"),
}
#: Numbers that are written with both marks, so that nothing is left to guess about the decimal mark.
_SURELY: Final = {
    ".": re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+"),
    ",": re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+"),
}


def read_written_numbers(cells: Iterable[str], decimal: str) -> dict[str, float]:
    """The numbers that different `cells` of one column are, for those which are numbers however they are written.

    A sign of money or per cent may stand at some of them; a word such as `kg` has to be the same behind all, or it is a
    part of a name. Where `1.234,5` is found the column's decimal mark is the comma, whatever the file's is.

    Args:
        decimal: the decimal mark of the file, `.` or `,`.
    """
    given = [cell for cell in cells if len(cell) <= _LONGEST]
    other = "," if decimal == "." else "."
    bare = {cell: _split_unit(cell) for cell in given}
    if any(_SURELY[other].fullmatch(number) for number, _ in bare.values()):
        decimal = other
    units = {unit for _, unit in bare.values() if unit}
    words = {unit for unit in units if unit[0].isalpha() and unit not in _CODES.split("|")}
    if words and (len(units) > 1 or not all(unit for _, unit in bare.values())):
        bare = {cell: (number, unit) for cell, (number, unit) in bare.items() if unit not in words}
    if len({unit for _, unit in bare.values() if unit}) > 1:
        return {}
    found = {cell: _read_bare(number, decimal) for cell, (number, _) in bare.items()}
    return {cell: value for cell, value in found.items() if value is not None}


def _split_unit(cell: str) -> tuple[str, str]:
    """The number in plain ASCII, and the sign or word of its unit: `("-4,145", "$")` of `-$4,145` or `($4,145)`."""
    text = cell.translate(_PLAIN_MARKS).strip()
    negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1].strip() if negative else text
    unit = ""
    if before := _BEFORE.fullmatch(text):
        text, unit = before["sign"] + before["rest"], before["unit"]
    elif (behind := _BEHIND.fullmatch(text)) and not _FORTRAN.fullmatch(text) and parse_number(text) is None:
        text, unit = behind["rest"], behind["unit"]
    return f"-{text}" if negative and text[:1].isdigit() else text, unit


def _read_bare(text: str, decimal: str) -> float | None:
    """A number without its unit: plain, with thousands apart, or with Fortran's exponent."""
    value = parse_number(text, decimal)
    if value is not None:
        return value
    if grouped := _GROUPED[decimal].fullmatch(text):
        return float(text.replace(grouped["mark"], "").replace(",", "."))
    if fortran := _FORTRAN.fullmatch(text):
        return float(f"{fortran[1]}e{fortran[2]}")
    return None
