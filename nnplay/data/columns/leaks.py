"""Warnings about columns that give the target away, or say the same thing twice."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import TypedColumn

_SHOWN = 5
_FEWEST_ROWS = 5
_HEADS = (4096, 65_536)
"""So many rows tell most columns apart already, and most others."""
_ROUGHLY = 1 - 1e-4
"""A correlation that the first rows have where all have one that only rounding keeps from being 1."""
_EXACT = 1 - 1e-8
"""A correlation that only rounding keeps from being 1."""


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


def leak_notes(
    features: Sequence[TypedColumn],
    target: TypedColumn,
    known: Mapping[str, bytes] = _NONE,
    rounded: Mapping[str, NDArray[Any]] = _NONE,
) -> tuple[str, ...]:
    """A note for each feature that tells the target, and for each that repeats an earlier feature or follows from it.

    Columns are identical where their values are; where they only divide the rows alike, each follows from the other.

    Args:
        known: what `head_key` says of some columns.
        rounded: the numbers (N,) of some columns, perhaps in 32 bits.
    """
    given_away: list[str] = []
    repeated: list[str] = []
    *keys, answer = _keys([*features, target], known)
    first: dict[bytes, TypedColumn] = {}
    for column, key in zip(features, keys, strict=True):
        if key == answer or _is_linear(column, target, rounded.get(column.name)):
            given_away.append(f"column '{column.name}' gives the target '{target.name}' away (leak): leave it out?")
        elif key in first:
            repeated.append(_describe_repeat(first[key], column))
        first.setdefault(key, column)
    return (
        *_first(given_away, "columns that give the target away"),
        *_first(repeated, "columns that duplicate another"),
    )


def head_key(column: TypedColumn) -> bytes:
    """The same for columns that may divide the rows alike, by the first few thousand."""
    return _head_key(column, _HEADS[0])


def _keys(columns: Sequence[TypedColumn], known: Mapping[str, bytes]) -> list[bytes]:
    """One for each column, the same where two divide the rows alike.

    Few columns are looked at in all rows: those that look alike in fewer.
    """
    keys = [known.get(column.name) or head_key(column) for column in columns]
    for rows in (*_HEADS[1:], 0):
        times = Counter(keys)
        for place, column in enumerate(columns):
            if times[keys[place]] > 1 and len(column.cells) > _HEADS[0]:
                keys[place] = keys[place] + (_head_key(column, rows) if rows else _key(column))
    return keys


def _describe_repeat(earlier: TypedColumn, column: TypedColumn) -> str:
    names = f"columns '{earlier.name}' and '{column.name}'"
    if earlier.kind == column.kind == "number":
        same = np.array_equal(earlier.with_values().values, column.with_values().values, equal_nan=True)
    else:
        same = earlier.cells.coded()[0] == column.cells.coded()[0]  # the rows are divided alike
    return f"{names} {'are identical' if same else 'determine each other'}: leave one out?"


def _is_linear(column: TypedColumn, target: TypedColumn, rounded: NDArray[Any] | None) -> bool:
    """Whether a quantity is the target times a constant, or that plus another, but for how its digits are rounded."""
    if column.kind != "number" or target.kind != "number":
        return False
    if len(target.values) < _FEWEST_ROWS or column.unknown.any():
        return False
    values = column.first_values(_HEADS[0]) if rounded is None else rounded[: _HEADS[0]].astype(np.float64)
    first = _correlation(values, target.values[: _HEADS[0]])
    if first is not None and first < _ROUGHLY:
        return False
    return (_correlation(column.with_values().values, target.values) or 0.0) >= _EXACT


def _correlation(values: NDArray[np.float64], answers: NDArray[np.float64]) -> float | None:
    """How close (N,) and (N,) lie to one line, up to 1; None where one of them does not change."""
    values, answers = values - values.mean(), answers - answers.mean()
    lengths = float(np.sqrt((values @ values) * (answers @ answers)))
    return abs(float(values @ answers)) / lengths if lengths > 0 else None


def _first(notes: list[str], what: str) -> list[str]:
    more = len(notes) - _SHOWN
    return [*notes[:_SHOWN], f"{more:,} more {what}"] if more > 0 else notes


def _head_key(column: TypedColumn, rows: int) -> bytes:
    """The same for columns that may divide all rows alike, judged by the first ones."""
    if len(column.cells) <= rows:
        return _key(column)
    if column.kind != "number":
        codes = column.cells.coded()[1][:rows]
        return _digest(codes.astype(np.int32).tobytes())
    return _digest(_ranks(column.first_values(rows)).tobytes())


def _key(column: TypedColumn) -> bytes:
    """The same for columns that divide the rows alike, whatever the words or numbers; all values where most differ.

    Where nearly every row has a value of its own, any two columns divide the rows alike, so values are compared.
    """
    if column.kind != "number":
        words, codes = column.cells.coded()
        if 2 * len(words) > len(codes):
            return _digest("\0".join(column.cells).encode("utf-8", "surrogatepass"))
        return _digest(codes.astype(np.int32).tobytes())
    values = column.with_values().values
    return _digest(values.tobytes() if 2 * _count_different(values) > len(values) else _ranks(values).tobytes())


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _ranks(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """For each value (N,) which of the different ones it is, in the order in which they come."""
    _, first, places = np.unique(values, return_index=True, return_inverse=True)
    rank: NDArray[np.int32] = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[places]


def _count_different(values: NDArray[np.float64]) -> int:
    """How many different values there are; all gaps are one."""
    ordered = np.sort(values)
    known = ordered[: len(ordered) - int(np.isnan(ordered).sum())]
    return int(np.count_nonzero(np.diff(known))) + bool(known.size) + (known.size < len(values))
