"""Warnings about columns that give the target away, or say the same thing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import TypedColumn

_SHOWN = 5
_FEWEST_ROWS = 5
_HEAD = 4096
"""Rows that tell most columns apart already."""
_EXACT = 1 - 1e-8
"""A correlation that only rounding keeps from being 1."""


def leak_notes(features: Sequence[TypedColumn], target: TypedColumn) -> tuple[str, ...]:
    """A note for each feature that tells the target, and for each that repeats an earlier feature or follows from it.

    Columns are identical where their values are; where they only divide the rows alike, each follows from the other.
    """
    given_away: list[str] = []
    repeated: list[str] = []
    rough = [_key(column, _HEAD) for column in (*features, target)]
    times = Counter(rough)
    answer = _key(target) if times[rough[-1]] > 1 else None
    first: dict[bytes, TypedColumn] = {}
    for column, head in zip(features, rough[:-1], strict=True):
        key = _key(column) if times[head] > 1 else head
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


def _key(column: TypedColumn, head: int | None = None) -> bytes:
    """The same for columns that divide the rows alike, whatever the words or numbers; all values where most differ.

    Where nearly every row has a value of its own, any two columns divide the rows alike, so values are compared.

    Args:
        head: of so many rows at the beginning only; different for no two columns that are the same in all rows.
    """
    if column.kind != "number":
        words, codes = column.cells.coded()
        if 2 * len(words) > len(codes):
            return "\0".join(column.cells[:head]).encode("utf-8", "surrogatepass")
        return codes[:head].astype(np.int32).tobytes()
    values = column.values
    return values[:head].tobytes() if 2 * _count_different(values) > len(values) else _ranks(values[:head]).tobytes()


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
