"""Warnings about columns that give the target away, or say the same thing twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import TypedColumn

_SHOWN = 5
_FEWEST_ROWS = 5
_EXACT = 1 - 1e-8
"""A correlation that only rounding keeps from being 1."""


def leak_notes(features: Sequence[TypedColumn], target: TypedColumn) -> tuple[str, ...]:
    """A note for each feature that tells the target, and for each that repeats an earlier feature or follows from it.

    Columns are identical where their values are; where they only divide the rows alike, each follows from the other.
    """
    given_away: list[str] = []
    repeated: list[str] = []
    answer = _key(target)
    first: dict[bytes, TypedColumn] = {}
    for column in features:
        key = _key(column)
        if key == answer or _is_linear(column, target):
            given_away.append(f"column '{column.name}' gives the target '{target.name}' away (leak): leave it out?")
        elif key in first:
            repeated.append(_describe_repeat(first[key], column))
        first.setdefault(key, column)
    return (
        *_first(given_away, "columns that give the target away"),
        *_first(repeated, "columns that duplicate another"),
    )


def _describe_repeat(earlier: TypedColumn, column: TypedColumn) -> str:
    names = f"columns '{earlier.name}' and '{column.name}'"
    if earlier.kind == column.kind == "number":
        same = np.array_equal(earlier.values, column.values, equal_nan=True)
    else:
        same = earlier.cells.coded()[0] == column.cells.coded()[0]  # the rows are divided alike
    return f"{names} {'are identical' if same else 'determine each other'}: leave one out?"


def _is_linear(column: TypedColumn, target: TypedColumn) -> bool:
    """Whether a quantity is the target times a constant, or that plus another, but for how its digits are rounded."""
    if column.kind != "number" or target.kind != "number":
        return False
    values, answers = column.values, target.values
    if np.isnan(values).any() or len(values) < _FEWEST_ROWS:
        return False
    values, answers = values - values.mean(), answers - answers.mean()
    lengths = float(np.sqrt((values @ values) * (answers @ answers)))
    return lengths > 0 and abs(float(values @ answers)) >= _EXACT * lengths


def _first(notes: list[str], what: str) -> list[str]:
    more = len(notes) - _SHOWN
    return [*notes[:_SHOWN], f"{more:,} more {what}"] if more > 0 else notes


def _key(column: TypedColumn) -> bytes:
    """The same for columns that divide the rows alike, whatever the words or numbers; all values where most differ.

    Where nearly every row has a value of its own, any two columns divide the rows alike, so values are compared.
    """
    if column.kind != "number":
        words, codes = column.cells.coded()
        if 2 * len(words) > len(codes):
            return "\0".join(column.cells).encode("utf-8", "surrogatepass")
        return codes.tobytes()
    values: NDArray[np.float64] = column.values
    if _mostly_different(values):
        return values.tobytes()
    different = np.unique(values)
    if 2 * len(different) > len(values):
        return values.tobytes()
    places = np.searchsorted(different, values)
    first = np.empty(len(different), dtype=np.int64)
    first[places[::-1]] = np.arange(len(values))[::-1]  # what is written last stays: the first row of all
    rank: NDArray[np.int32] = np.empty(len(different), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(different))
    return rank[places].tobytes()


def _mostly_different(values: NDArray[np.float64]) -> bool:
    """Whether more than half of the values occur for the first time; told without the order of first occurrence."""
    ordered = np.sort(values)
    lacking = bool(np.isnan(ordered[-1:]).any())
    return not lacking and 2 * (1 + int(np.count_nonzero(np.diff(ordered)))) > len(values)
