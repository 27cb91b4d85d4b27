"""Which rows of a table are kept: bad cells, missing values and values that are not finite, by the stated choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.cells import number_hint
from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.columns.named_columns import Skipped
from nnplay.data.csv.advice import advice
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
            for line, cell in zip(lines[column.stray].tolist(), column.cells.pick(column.stray), strict=True):
                skipped.add(line, f"'{clean(cell, limit=40)}' in number column '{column.name}'")
    if problems and not skip_bad_rows:
        raise problems[0] if len(problems) == 1 else Problems(problems[:20])
    skipped.count -= int(sum(column.stray.sum() for column in columns)) - int(bad.sum()) if skip_bad_rows else 0
    return ~bad


def _describe_stray_text(column: TypedColumn, row: int, line: int, where: str) -> InputError:
    text = clean(column.cells[row], limit=60)
    way_out = f"use {advice('kinds', {column.name: 'category'})} or {advice('skip_bad_rows', True)}"
    hint = number_hint(column.cells[row])
    place = f"{where}, row {line}, column '{column.name}'"
    return InputError(
        f"'{text}' is not a {'date' if column.dates else 'number'}",
        where=place,
        hint=f"{hint}, or {way_out}" if hint else way_out,
    )


def find_rows_with_targets(targets: Sequence[TypedColumn], where: str) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Rows (N,) with a value in each target column, and a sentence on the others.

    Raises:
        InputError: there is no such row.
    """
    keep = ~np.any([column.unknown for column in targets], axis=0)
    if keep.all():
        return keep, ()
    lacking = [column for column in targets if column.unknown.any()]
    marks = ", ".join(f"{column.name} {describe_marks(column)}" for column in lacking[:_SHOWN])
    words = next((column for column in lacking if column.kind == "category" and any(_lost_words(column))), None)
    labels = f"; {advice('kinds', {words.name: 'category'})} if these words are labels" if words else ""
    if not keep.any():
        raise InputError("no row has a target", where=where, hint=f"{marks}{labels}")
    count = int((~keep).sum())
    return keep, (f"{counted(count, 'row')} without a target left out: {marks}{labels}",)


def describe_marks(column: TypedColumn) -> str:
    """How many values are missing or not finite, and how that is written, as in `12 ('.' 10, 'NA' 2)`."""
    marks = _name_marks(column)
    return f"{int(column.unknown.sum()):,}" + (f" ({marks})" if marks else "")


def _name_marks(column: TypedColumn) -> str:
    marks = Counter(_lost_words(column))
    named = [f"'{clean(mark, limit=40)}' {count:,}" for mark, count in marks.most_common(_SHOWN) if mark]
    return ", ".join(named) + (", …" if named and len(marks) > _SHOWN else "")


def _lost_words(column: TypedColumn) -> list[str]:
    return column.cells.pick(column.unknown)


def find_rows_with_values(
    features: Sequence[TypedColumn], lines: NDArray[np.int64], choice: str, where: str
) -> NDArray[np.bool_]:
    """Rows (N,) that are kept under the choice for missing values in features.

    Raises:
        InputError: values are missing or not finite and the choice does not cover them.
    """
    keep = np.ones(len(lines), dtype=np.bool_)
    if choice == "drop":
        for column in features:
            keep &= ~column.unknown
        if not keep.any():
            raise InputError(
                "every row has a missing value", where=where, hint=f"use {advice('missing', 'mean', 'category')}"
            )
        return keep
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
    counts = [f"{describe_marks(column)} in '{column.name}'" for column in lacking[:_SHOWN]]
    more = f" and {counted(len(lacking) - _SHOWN, 'more column')}" if len(lacking) > _SHOWN else ""
    infinite = " or not finite" if any(column.infinite.any() for column in lacking) else ""
    where_all = counted(len(lacking), "column")
    what = f"values are missing{infinite} in {where_all}, the first one here: {', '.join(counts)}{more}"
    return InputError(what, where=f"{where}, row {first}", hint=hint)


def _describe_missing(column: TypedColumn, lines: NDArray[np.int64], where: str, hint: str) -> InputError:
    count = int(column.unknown.sum())
    row = int(column.unknown.argmax())
    if column.infinite.any() and not column.missing.any():
        row = int(column.infinite.argmax())
        what = f"'{clean(column.cells[row], limit=40)}' is not a finite number"
        what += f", nor are {counted(count - 1, 'other')}: {_name_marks(column)}" if count > 1 else ""
    elif column.infinite.any():
        what = f"{count:,} values are missing or not finite, the first one here: {_name_marks(column)}"
    else:
        what = "a value is missing" if count == 1 else f"{count:,} values are missing, the first one here"
        what += f": {_name_marks(column)}" if _name_marks(column) else ""
    return InputError(what, where=f"{where}, row {lines[row]}, column '{column.name}'", hint=hint)
