"""Columns that come as values of Python or NumPy: what each holds, with no detour through text where it is numbers."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import TypedColumn, type_column
from nnplay.data.cells.dates import ORIGIN
from nnplay.data.cells.value_cells import ValueCells
from nnplay.data.csv.text.packed_cells import PackedCells
from nnplay.errors import InputError
from nnplay.text import shown, written

Values = PackedCells | NDArray[Any] | Sequence[Any]
"""One column: text still to be understood, an array (N,), or a list of values of any kinds."""

_DAY: Final = np.timedelta64(1, "D")
_ORIGIN: Final = np.datetime64(ORIGIN.replace(tzinfo=None), "us")
#: Modules whose values are names, and what pandas has for months and for ranges of numbers, by their types.
_WORDY: Final = frozenset({"uuid", "ipaddress", "pathlib"})
_SPANS: Final = frozenset({"Period", "Interval"})
#: What pandas and NumPy have for "there is none" besides None and NaN, by the names of their types.
_NOTHING: Final = frozenset({"NAType", "NaTType", "NoneType"})


def type_values(name: str, values: Values, decimal: str, wanted: str, where: str) -> TypedColumn:
    """The column's type, as `type_column` finds that of text.

    Args:
        wanted: "auto", "number" or "category".

    Raises:
        InputError: the values are no words, numbers or times.
    """
    if isinstance(values, PackedCells):
        return type_column(name, values, decimal, wanted)
    place = f"{where}, column '{name}'"
    mask = np.asarray(getattr(values, "mask", False), dtype=np.bool_)
    array = _as_array(values, place)
    if array.ndim != 1:
        raise InputError("holds arrays, not single values", where=place, hint="give one column for each of their parts")
    missing = np.broadcast_to(mask, array.shape).copy()
    if array.dtype.kind == "O":
        array, missing = _plain_objects(array, missing, place)
    if array.dtype.kind in "iuf":
        return _type_numbers(name, array, missing, wanted)
    if array.dtype.kind in "Mm":
        return _type_times(name, array, missing, wanted)
    if array.dtype.kind not in "bUO":
        raise InputError("holds neither numbers nor words", where=place, hint="leave the column out")
    words = ["" if gone else str(cell).strip() for cell, gone in zip(array.tolist(), missing.tolist(), strict=True)]
    return type_column(name, PackedCells([word.replace("\0", " ") for word in words]), decimal, wanted)


def _as_array(values: NDArray[Any] | Sequence[Any], place: str) -> NDArray[Any]:
    if isinstance(values, np.ndarray):
        return np.asarray(values)
    array = np.empty(len(values), dtype=object)
    try:
        array[:] = list(values)
    except ValueError:
        raise InputError("holds arrays, not single values", where=place, hint="leave the column out") from None
    return array


def _type_numbers(name: str, array: NDArray[Any], missing: NDArray[np.bool_], wanted: str) -> TypedColumn:
    missing = missing | np.isnan(array)
    cells = ValueCells(array, missing)
    if wanted == "category":
        return type_column(name, PackedCells(cells.unpack()), ".", wanted)
    none = np.zeros(len(array), dtype=np.bool_)
    with np.errstate(over="ignore"):  # what is too large is infinite, and said to be
        values = array.astype(np.float64)
    values[missing] = np.nan
    if missing.all():
        return TypedColumn(name, "empty", cells, np.zeros(0), missing, none, none)
    infinite = np.isinf(values)
    values[infinite] = np.nan
    return TypedColumn(name, "number", cells, values, missing, infinite, none)


def _type_times(name: str, array: NDArray[Any], missing: NDArray[np.bool_], wanted: str) -> TypedColumn:
    """Moments as days since 2000-01-01, lengths of time as days."""
    moments = array.dtype.kind == "M"
    missing = missing | np.isnat(array)
    days = np.full(len(array), np.nan)
    known = array[~missing].astype("M8[us]" if moments else "m8[us]")
    days[~missing] = (known - _ORIGIN if moments else known) / _DAY
    column = replace(_type_numbers(name, days, missing, "number"), cells=ValueCells(array.astype(str), missing))
    if wanted == "category":
        return type_column(name, PackedCells(column.cells.unpack()), ".", wanted)
    if column.kind == "empty":
        return column
    note = "dates, as days since 2000-01-01" if moments else "lengths of time, in days"
    return replace(column, note=note, dates=moments)


def _plain_objects(
    array: NDArray[Any], missing: NDArray[np.bool_], place: str
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Objects as numbers and times, if all of them are, else as words; and which say nothing.

    Words stay objects: an array of text gives each cell the room of the longest.
    """
    missing = missing | np.fromiter(map(_says_nothing, array), dtype=np.bool_, count=len(array))
    known = array[~missing].tolist()
    if known and all(isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool) for value in known):
        return _fill(known, missing, place)
    if known and all(isinstance(value, date) for value in known):
        moments = np.full(len(array), np.datetime64("NaT", "us"))
        moments[~missing] = [as_utc(value) for value in known]
        return moments, missing
    if known and all(isinstance(value, time) for value in known):
        known = [datetime.combine(date.min, value.replace(tzinfo=None)) - datetime.min for value in known]
    if known and all(isinstance(value, timedelta) for value in known):
        lengths = np.full(len(array), np.timedelta64("NaT", "us"))
        lengths[~missing] = [np.timedelta64(value, "us") for value in known]
        return lengths, missing
    words = np.full(len(array), "", dtype=object)
    words[~missing] = [_as_word(value, place) for value in known]
    return words, missing


def _fill(known: list[Any], missing: NDArray[np.bool_], place: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    whole = all(isinstance(value, numbers.Integral) and -(2**63) <= int(value) < 2**63 for value in known)
    made: NDArray[Any] = np.zeros(len(missing), dtype=np.int64 if whole else np.float64)
    try:
        made[~missing] = [int(value) if whole else float(value) for value in known]
    except OverflowError:
        raise InputError("holds whole numbers that are too large", where=place, hint="use a smaller unit") from None
    return made, missing


def _says_nothing(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_nan()  # one that signals refuses to be compared
    return type(value).__name__ in _NOTHING or (isinstance(value, (float, np.floating)) and value != value)


def as_utc(value: date) -> np.datetime64:
    """A time without a zone, that of Greenwich where it has one; Python's own cannot leave its years 1 to 9999."""
    if not isinstance(value, datetime):
        return np.datetime64(value, "us")
    ahead = value.utcoffset()
    plain = np.datetime64(value.replace(tzinfo=None), "us")
    return plain if ahead is None else plain - np.timedelta64(ahead, "us")


def _as_word(value: Any, place: str) -> str:
    if isinstance(value, (str, bool, np.bool_, numbers.Real, Decimal)):
        return written(value)
    if isinstance(value, date):
        return value.isoformat()
    if type(value).__module__ in _WORDY or type(value).__name__ in _SPANS:
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    what = f"{shown(value)} is not a number, word or time"
    raise InputError(what, where=place, hint="leave the column out, or give one column for each of its parts")
