"""The user's arrays checked and brought to the engine's types: float32 inputs, int64 labels or float32 targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnplay.errors import InputError
from nnplay.text import clean

MAX_CLASSES = 10_000


@dataclass(frozen=True, slots=True)
class Targets:
    """Checked targets: int64 labels with their class names, or float32 (N, T)."""

    y: NDArray[Any]
    task: Literal["classification", "regression"]
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def as_inputs(x: ArrayLike, shape: Sequence[int] | None, *, allow_missing: bool, where: str) -> NDArray[np.float32]:
    """`x` as C-contiguous float32 (N, *shape).

    Raises:
        InputError: not numbers, no rows, no inputs, a value that is not finite, or a shape that does not fit.
    """
    array = _check_numbers(x, "x", where)
    if array.ndim == 0 or array.shape[0] == 0:
        raise InputError("there are no rows", where=where)
    rows = array.shape[0]
    if shape is not None:
        if math.prod(shape) != math.prod(array.shape[1:]):
            raise InputError(f"rows of shape {array.shape[1:]} cannot be reshaped to {tuple(shape)}", where=where)
        array = array.reshape(rows, *shape)
    if array.ndim == 1:
        array = array[:, None]
    if math.prod(array.shape[1:]) == 0:
        raise InputError("rows have no inputs", where=where)
    return _to_float32(array, "x", where, allow_missing=allow_missing)


def as_targets(
    y: ArrayLike,
    task: Literal["classification", "regression"] | None,
    class_names: Sequence[str] | None,
    *,
    rows: int,
    where: str,
) -> Targets:
    """`y` as labels or regression targets; see `Dataset` for which is chosen.

    Raises:
        InputError: another number of rows, a label out of range, or a value that is not finite.
    """
    array = np.asarray(y)
    if array.ndim == 0 or array.shape[0] != rows:
        found = 0 if array.ndim == 0 else array.shape[0]
        raise InputError(f"x has {rows:,} rows, y has {found:,}", where=where, hint="give one target for each row")
    if task not in (None, "classification", "regression"):
        raise InputError(f"task '{clean(str(task))}' is neither classification nor regression", where=where)
    if array.dtype.kind in "UO" and task != "regression" and all(isinstance(word, str) for word in array.flat):
        return _encode_words(array, class_names, where)
    array = _check_numbers(array, "y", where)
    if task == "regression" or (task is None and array.dtype.kind == "f"):
        array = array[:, None] if array.ndim == 1 else array
        return Targets(_to_float32(array, "y", where, allow_missing=False), "regression")
    return _check_labels(array, class_names, where)


def _encode_words(array: NDArray[Any], class_names: Sequence[str] | None, where: str) -> Targets:
    names = sorted(set(array.flat)) if class_names is None else list(class_names)
    code = {word: label for label, word in enumerate(names)}
    for row, word in enumerate(array.flat):
        if word not in code:
            raise InputError(f"class '{clean(word)}' is not among the class names", where=f"{where}, y row {row}")
    labels = np.array([code[word] for word in array.flat], dtype=np.int64).reshape(array.shape)
    return _check_labels(labels, names, where)


def _check_labels(array: NDArray[Any], class_names: Sequence[str] | None, where: str) -> Targets:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    labels = array.astype(np.int64) if np.isfinite(array).all() else np.full(array.shape, -1, dtype=np.int64)
    classes = len(class_names) if class_names is not None else int(labels.max(initial=0)) + 1
    limit = min(classes, MAX_CLASSES)
    wrong = (labels < 0) | (labels >= limit) | (labels != array)
    if wrong.any():
        row = np.argwhere(wrong)[0]
        place = f"{where}, y row {int(row[0])}"
        hint = "number the classes from 0; numpy.unique(y, return_inverse=True)[1] does"
        raise InputError(f"{array[tuple(row)]} is no class label from 0 to {limit - 1}", where=place, hint=hint)
    names = tuple(clean(str(name)) for name in class_names) if class_names is not None else ()
    names = names or tuple(str(label) for label in range(classes))
    return Targets(np.ascontiguousarray(labels), "classification", names, _label_notes(labels, names))


def _label_notes(labels: NDArray[np.int64], names: tuple[str, ...]) -> tuple[str, ...]:
    counts = np.bincount(labels.ravel(), minlength=len(names))
    single = [name for name, count in zip(names, counts, strict=True) if count == 1 and labels.ndim == 1]
    return tuple(f"class '{name}' has only one row" for name in single[:5])


def _check_numbers(values: ArrayLike, letter: str, where: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{letter} is ragged: its rows differ in length", where=where) from None
    if array.dtype.kind not in "biuf":
        raise InputError(f"{letter} holds {array.dtype}, not numbers", where=where, hint="give an array of numbers")
    return array


def _to_float32(array: NDArray[Any], letter: str, where: str, *, allow_missing: bool) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(array, dtype=np.float32)
    good = np.isfinite(single)
    if allow_missing:
        good |= np.isnan(array)
    if not good.all():
        index = tuple(int(part) for part in np.argwhere(~good)[0])
        value = array[index]
        why = "too large for a 32-bit number" if np.isfinite(value) else "not finite"
        place = f"{where}, {letter} row {index[0]}, column {', '.join(str(part) for part in index[1:])}"
        raise InputError(f"{value} is {why}", where=place, hint="replace or leave out such rows")
    return single
