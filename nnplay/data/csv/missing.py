"""Which rows of a table are kept: bad cells, missing values and values that are not finite, by the stated choice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.advice import advice
from nnplay.data.csv.cells import number_hint
from nnplay.data.csv.column_types import TypedColumn
from nnplay.data.csv.text.table_text import Skipped
from nnplay.errors import InputError, Problems
from nnplay.text import clean, counted

_SHOWN = 6
"""Columns that one sentence names."""


def find_rows_without_stray_text(
    columns: Sequence[TypedColumn], lines: NDArray[np.int64], skipped: Skipped, skip_bad_rows: bool, where: str
) -> NDArray[np.bool_]:
    """Rows (N,) whose number columns hold no text.

    Raises:
        InputError: there are others and they may not be skipped; the first of each column is named.
    """
    bad = np.zeros(len(lines), dtype=np.bool_)
    problems: list[InputError] = []
    for column in columns:
        if not column.stray.any():
            continue
        bad |= column.stray
        row = int(column.stray.argmax())
        problems.append(_describe_stray_text(column, row, lines[row], where))
        if skip_bad_rows:
            cells = column.cells.unpack()
            for place in np.flatnonzero(column.stray).tolist():
                skipped.add(int(lines[place]), f"'{clean(cells[place], limit=40)}' in number column '{column.name}'")
    if problems and not skip_bad_rows:
        raise problems[0] if len(problems) == 1 else Problems(problems[:20])
    skipped.count -= int(sum(column.stray.sum() for column in columns)) - int(bad.sum()) if skip_bad_rows else 0
    return ~bad


def _describe_stray_text(column: TypedColumn, row: int, line: int, where: str) -> InputError:
    text = clean(column.cells[row], limit=60)
    way_out = f"use {advice('kinds', {column.name: 'category'})} or {advice('skip_bad_rows', True)}"
    hint = number_hint(column.cells[row])
    place = f"{where}, row {line}, column '{column.name}'"
    return InputError(f"'{text}' is not a number", where=place, hint=f"{hint}, or {way_out}" if hint else way_out)


def find_rows_with_values(
    features: Sequence[TypedColumn], targets: Sequence[TypedColumn], lines: NDArray[np.int64], choice: str, where: str
) -> NDArray[np.bool_]:
    """Rows (N,) that are kept under the choice for missing values.

    Raises:
        InputError: values are missing or not finite and the choice does not cover them.
    """
    keep = np.ones(len(lines), dtype=np.bool_)
    if choice == "drop":
        for column in (*features, *targets):
            keep &= ~column.unknown
        if not keep.any():
            raise InputError(
                "every row has a missing value", where=where, hint=f"use {advice('missing', 'mean', 'category')}"
            )
        return keep
    if target := next((column for column in targets if column.unknown.any()), None):
        raise _describe_missing(target, lines, where, f"use {advice('missing', 'drop')}: a target cannot be made up")
    if choice == "refuse":
        hint = f"use {advice('missing', 'mean', 'drop', 'category')}"
        problems = [_describe_missing(column, lines, where, hint) for column in features if column.unknown.any()]
        if problems:
            raise problems[0] if len(problems) == 1 else _describe_missing_in_several(features, lines, where, hint)
    return keep


def _describe_missing_in_several(
    features: Sequence[TypedColumn], lines: NDArray[np.int64], where: str, hint: str
) -> InputError:
    """One sentence for all columns with values that are missing or not finite, since one choice is made for them."""
    lacking = [column for column in features if column.unknown.any()]
    first = min(int(lines[int(column.unknown.argmax())]) for column in lacking)
    counts = [f"{int(column.unknown.sum()):,} in '{column.name}'" for column in lacking[:_SHOWN]]
    more = f" and {counted(len(lacking) - _SHOWN, 'more column')}" if len(lacking) > _SHOWN else ""
    infinite = " or not finite" if any(column.infinite.any() for column in lacking) else ""
    where_all = counted(len(lacking), "column")
    what = f"values are missing{infinite} in {where_all}, the first one here: {', '.join(counts)}{more}"
    return InputError(what, where=f"{where}, row {first}", hint=hint)


def _describe_missing(column: TypedColumn, lines: NDArray[np.int64], where: str, hint: str) -> InputError:
    if column.infinite.any():
        row = int(column.infinite.argmax())
        what = f"'{clean(column.cells[row], limit=40)}' is not a finite number"
    else:
        row = int(column.missing.argmax())
        count = int(column.missing.sum())
        what = "a value is missing" if count == 1 else f"{count:,} values are missing, the first one here"
    return InputError(what, where=f"{where}, row {lines[row]}, column '{column.name}'", hint=hint)
