"""The column to be learned: which one it is, and whether it holds classes or a quantity."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.cells import parse_number
from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.columns.encode import large_integer_notes, refuse_overflow
from nnplay.data.columns.feature_kinds import are_codes
from nnplay.data.csv.advice import advice
from nnplay.data.dataset import Task
from nnplay.errors import InputError, unknown
from nnplay.text import clean, counted

MAX_CLASSES = 1000
_FEW = 20
_FEWEST_ROWS = 20
"""In shorter tables it is nothing special that every value differs."""
_EXACT = float(1 << 53)
"""From here on float64 does not tell whole numbers apart."""
_CLASS_NAMES = re.compile(r"class|label|target|categor|species|type|kind|group|cluster|digit", re.IGNORECASE)
_USUAL_NAMES = ("target", "label", "class", "y")


@dataclass(frozen=True, slots=True)
class Target:
    """Checked targets: int64 labels (N,) with class names, or float64 (N,) or (N, several)."""

    y: NDArray[Any]
    task: Task
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_targets(names: Sequence[str], wanted: str | None, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the target columns, and a note when nobody said which they are.

    Args:
        wanted: a column's name, or several with commas between them.

    Raises:
        InputError: no such column.
    """
    if wanted is not None:
        chosen = (wanted,) if wanted in names else tuple(name.strip() for name in wanted.split(","))
        for name in chosen:
            if name not in names:
                raise unknown("column", name, names[:1000], where=where)
        return tuple(dict.fromkeys(chosen)), ()
    usual = [name for name in names if name.lower() in _USUAL_NAMES]
    guessed = usual[0] if usual else names[-1]
    return (guessed,), (f"target: column '{guessed}' ({advice('target', '…')} for another)",)


def read_targets(columns: Sequence[TypedColumn], lines: NDArray[np.int64], task: str, where: str) -> Target:
    """The targets in columns without missing values; several are quantities (N, number of columns).

    Args:
        task: classification, regression or auto: classes when it holds words, or few different whole numbers.

    Raises:
        InputError: only one class, too many classes, or words where a quantity is wanted.
    """
    if len(columns) == 1:
        return read_target(columns[0], lines, task, where)
    if task == "classification":
        raise InputError("several targets must all be numeric", where=where, hint="give one target, or regression")
    each = [_quantity(column, lines, where, f"{where}, column '{column.name}'") for column in columns]
    return Target(
        np.stack([item.y for item in each], axis=1),
        "regression",
        notes=tuple(note for item in each for note in item.notes),
    )


def read_target(column: TypedColumn, lines: NDArray[np.int64], task: str, where: str) -> Target:
    """The targets in a column without missing values.

    Args:
        task: classification, regression or auto: classes when it holds words, or few different whole numbers.

    Raises:
        InputError: only one class, too many classes, or words where a quantity is wanted.
    """
    place = f"{where}, column '{column.name}'"
    if task == "regression" or (task == "auto" and not _is_class(column)):
        return _quantity(column, lines, where, place, switchable=task == "auto")
    labels, names = _classes(column)
    if len(names) == 1:
        what = f"only class '{names[0]}' is present"
        raise InputError(what, where=place, hint="a network needs at least two classes to distinguish")
    if column.kind == "category" and len(column.cells) >= _FEWEST_ROWS and len(names) == len(column.cells):
        what = "every value differs: is this a name?"
        raise InputError(what, where=place, hint=f"use {advice('target', '…')} to name the column to predict")
    if len(names) > MAX_CLASSES:
        raise InputError(f"{counted(len(names), 'class')}; at most {MAX_CLASSES:,} are supported", where=place)
    notes: tuple[str, ...] = ()
    if task == "auto" and column.kind == "number":
        quantity = advice("task", "regression")
        notes = (f"target '{column.name}' is read as {counted(len(names), 'class')} ({quantity} for a number)",)
    return Target(labels, "classification", names, notes)


def _is_class(column: TypedColumn) -> bool:
    """Whether the values are classes: words, two whole numbers, or few and repeated ones that number classes.

    A count (0, 1, 2, 3, … children) has rare values; classes that are numbered begin with 0 or 1, leave none out, and
    are about as common as each other, unless the column's name says that they are classes.
    """
    if column.kind != "number":
        return True
    values, cells = column.values, column.cells
    if are_codes(cells):
        return True
    if np.abs(values).max() >= _EXACT and len(cells.coded()[0]) <= min(_FEW, len(cells) // 5):
        return True
    if column.dates or column.note or (values != np.floor(values)).any():
        return False
    different, counts = np.unique(values, return_counts=True)
    if len(different) > _FEW or len(different) > max(2, len(values) // 5):
        return False
    if len(different) <= 2 or _CLASS_NAMES.search(column.name):
        return True
    numbered = different[0] in (0, 1) and different[-1] - different[0] == len(different) - 1
    return bool(numbered and 4 * counts.min() >= counts.max())


def _quantity(
    column: TypedColumn, lines: NDArray[np.int64], where: str, place: str, *, switchable: bool = False
) -> Target:
    if column.kind != "number":
        word = clean(next(iter(column.cells), ""), limit=40)
        raise InputError(
            f"'{word}' is not a number", where=place, hint=f"use {advice('task', 'classification')} for words"
        )
    refuse_overflow(column, lines, where)
    if len(column.values) > 1 and column.values.min() == column.values.max():
        what = f"every row has the same value {column.values[0]:g}: there is nothing to learn"
        raise InputError(what, where=place)
    notes = (f"target '{column.name}': {column.note}",) if column.note else large_integer_notes(column)
    return Target(column.values, "regression", notes=(*notes, *(_class_notes(column) if switchable else ())))


def _class_notes(column: TypedColumn) -> tuple[str, ...]:
    """How few whole numbers are made classes after all."""
    different = len(np.unique(column.values))
    if column.note or different > _FEW or (column.values != np.floor(column.values)).any():
        return ()
    classes = advice("task", "classification")
    return (f"target '{column.name}' is read as a number ({classes} for {different} classes)",)


def _classes(column: TypedColumn) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels by sorted name; numbers are sorted as numbers, and `1` and `1.0` are one class.

    Numbers are called as the file has them where they are codes, and those that float64 cannot tell apart are taken by
    their digits.
    """
    cells = column.cells
    if column.kind == "number" and np.abs(column.values).max() < _EXACT:
        values, first, labels = np.unique(column.values, return_index=True, return_inverse=True)
        names = (
            _name_number(value, cells[place]) for value, place in zip(values.tolist(), first.tolist(), strict=True)
        )
        return labels.astype(np.int64), tuple(names)
    different, codes = cells.coded()
    words = sorted(different, key=_as_sorted)
    label = {word: index for index, word in enumerate(words)}
    labels = np.array([label[word] for word in different], dtype=np.int64)[codes]
    return labels, tuple(clean(word) for word in words)


def _name_number(value: float, cell: str) -> str:
    """The number in its shortest form, if that says all of it."""
    short = f"{value:.12g}"
    return short if float(short) == value else clean(cell)


def _as_sorted(word: str) -> tuple[float, str]:
    """Numbers that were asked for as categories still sort as numbers."""
    value = parse_number(word)
    return (value, word) if value is not None and np.isfinite(value) else (np.inf, word)
