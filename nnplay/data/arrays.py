"""The user's arrays checked and brought to the engine's types: float inputs, int64 labels or float32 targets."""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from nnplay.arguments import same_word, sizes, words
from nnplay.data.frames import is_frame, number_matrix, plain_array
from nnplay.data.precision import keep_differences
from nnplay.detection.check import check_objects
from nnplay.errors import InputError
from nnplay.text import clean, counted, shown

MAX_CLASSES = 10_000
#: Axes that an array can have at the most.
_MOST_AXES: Final = 32
#: Numbers that are looked at together.
_PIECE: Final = 1 << 16
#: What arrays that hold no numbers are called.
_KINDS: Final = {"U": "text", "S": "bytes", "M": "dates", "m": "times", "c": "complex numbers", "V": "records"}


@dataclass(frozen=True, slots=True)
class Targets:
    """Checked targets: int64 labels with their class names, or float32 (N, T), or float64 where differences need it."""

    y: NDArray[Any]
    task: Literal["classification", "regression", "detection"]
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def as_inputs(x: ArrayLike, shape: Sequence[int] | None, *, allow_missing: bool, where: str) -> NDArray[Any]:
    """`x` as C-contiguous float32 (N, *shape), or float64 where its differences need it.

    Raises:
        InputError: not numbers, no rows, no inputs, a value that is not finite, or a shape that does not fit.
    """
    array = _check_numbers(_array(x, "x", where), "x", where)
    if array.ndim == 0 or array.shape[0] == 0:
        raise InputError("there are no rows", where=where)
    rows = array.shape[0]
    if shape is not None:
        shape = sizes(shape, f"{where}, feature_shape")
        if math.prod(shape) != math.prod(array.shape[1:]):
            raise InputError(f"rows of shape {array.shape[1:]} cannot be reshaped to {shape}", where=where)
        array = array.reshape(rows, *shape)
    if array.ndim == 1:
        array = array[:, None]
    if math.prod(array.shape[1:]) == 0:
        raise InputError("rows have no inputs", where=where)
    return _finite(array, keep_differences(array), "x", where, allow_missing=allow_missing)


def as_rows(
    x: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike, *, allow_missing: bool = False, where: str
) -> NDArray[Any]:
    """`x` as rows (N, *shape) for a network that is there: from rows of as many numbers, or from one row alone.

    Raises:
        InputError: not numbers, rows of another size, or a value that is not finite, with its row and column.
    """
    array = _check_numbers(_array(x, "x", where), "x", where)
    if array.shape == shape:
        array = array[None]
    if array.shape[1:] != shape:
        hint = f"give an array ({', '.join(('N', *map(str, shape)))}), or one row {shape}"
        if array.shape in ((), (0,)):
            raise InputError("there are no rows", where=where, hint=hint)
        if math.prod(array.shape[1:]) != math.prod(shape):
            raise InputError(f"rows of shape {array.shape[1:]} where the network takes {shape}", where=where, hint=hint)
        array = array.reshape(-1, *shape)
    return _finite(array, dtype, "x", where, allow_missing=allow_missing)


def as_numbers(name: str, values: ArrayLike, dtype: DTypeLike, *, where: str) -> NDArray[Any]:
    """An array (N, …) of any shape, called `name` in messages, in the engine's type.

    Raises:
        InputError: not numbers, no rows, or a value that is not finite.
    """
    array = _check_numbers(_array(values, name, where), name, where)
    if array.ndim == 0 or array.shape[0] == 0:
        raise InputError(f"{name} has no rows", where=where)
    return _finite(array, dtype, name, where, allow_missing=False)


def as_targets(
    y: ArrayLike,
    task: Literal["classification", "regression", "detection"] | None,
    class_names: Sequence[str] | None,
    *,
    rows: int,
    where: str,
) -> Targets:
    """`y` as labels or regression targets; see `Dataset` for which is chosen.

    Raises:
        InputError: another number of rows, a label out of range, or a value that is not finite.
    """
    array, class_names = _array(y, "y", where), None if class_names is None else words(class_names, f"{where}, classes")
    if array.ndim == 0 or array.shape[0] != rows:
        found = 0 if array.ndim == 0 else array.shape[0]
        raise InputError(f"x has {counted(rows, 'row')}, y has {found:,}", where=where, hint="give one target per row")
    if task is not None and not same_word(task, ("classification", "regression", "detection")):
        raise InputError(f"task '{clean(task)}' is not classification, regression or detection", where=where)
    if task == "detection":
        return _check_objects(_check_numbers(array, "y", where), class_names or (), where)
    if array.dtype.kind in "UO" and task != "regression" and all(isinstance(word, str) for word in array.flat):
        return _encode_words(array, class_names, where)
    array = _check_numbers(array, "y", where)
    if task == "regression" or (task is None and array.dtype.kind == "f"):
        array = array[:, None] if array.ndim == 1 else array
        return Targets(_finite(array, keep_differences(array), "y", where, allow_missing=False), "regression")
    return _check_labels(array, class_names, where)


def _check_objects(array: NDArray[Any], class_names: Sequence[str], where: str) -> Targets:
    names = tuple(clean(str(name)) for name in class_names)
    target = np.asarray(_finite(array, np.dtype(np.float32), "y", where, allow_missing=False), np.float32)
    check_objects(target, names, where)
    return Targets(target, "detection", names)


def as_weights(weights: ArrayLike, *, rows: int, where: str) -> NDArray[np.float64]:
    """What each row counts, (N,).

    Raises:
        InputError: not one number a row, one below 0 or not finite, or none above 0.
    """
    found = as_numbers("weights", weights, np.float64, where=where)
    if found.shape != (rows,):
        what = f"weights of shape {found.shape} for {counted(rows, 'row')}"
        raise InputError(what, where=where, hint="give one number for each row")
    if found.min() < 0:
        row = int(found.argmin())
        raise InputError(f"{found[row]:g} is below 0", where=f"{where}, weights row {row}", hint="weights are from 0")
    if not found.any():
        raise InputError("all weights are 0", where=where, hint="give some rows a weight, or leave the weights out")
    return found


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
        hint = "number the classes from 0; numpy.unique(y, return_inverse=True)[1] does that"
        raise InputError(f"{array[tuple(row)]} is not a class label from 0 to {limit - 1}", where=place, hint=hint)
    names = tuple(clean(str(name)) for name in class_names) if class_names is not None else ()
    names = names or tuple(str(label) for label in range(classes))
    return Targets(np.ascontiguousarray(labels), "classification", names, _label_notes(labels, names))


def _label_notes(labels: NDArray[np.int64], names: tuple[str, ...]) -> tuple[str, ...]:
    counts = np.bincount(labels.ravel(), minlength=len(names))
    single = [name for name, count in zip(names, counts, strict=True) if count == 1 and labels.ndim == 1]
    return tuple(f"class '{name}' has only one row" for name in single[:5])


def _array(values: ArrayLike, letter: str, where: str) -> NDArray[Any]:
    """Whatever a user takes for an array, as one: lists, or anything that makes an array of itself."""
    values = number_matrix(values, letter, where) if _is_frame(values) else plain_array(values, f"{where}, {letter}")
    try:
        array = np.asarray(values)
    except ValueError:
        what = "is nested too deep" if _depth(values) > _MOST_AXES else "is ragged: its rows differ in length"
        raise InputError(f"{letter} {what}", where=where) from None
    except Exception as error:  # whatever the code of another library raises
        what = f"{letter} cannot be read as an array: {type(error).__name__}: {error}"
        raise InputError(what, where=where) from error
    masked = np.argwhere(_mask(values))
    if len(masked):
        place = _place(where, letter, masked[0])
        raise InputError("a value is masked", where=place, hint="fill it, as in x.filled(0.0), or leave out such rows")
    return array


def _is_frame(values: Any) -> bool:
    """Whether it has columns with names; lists are looked at by their first row."""
    return not isinstance(values, np.ndarray) and is_frame(values)


def _mask(values: Any) -> NDArray[np.bool_]:
    """Which entries of a masked array are masked; none of anything else.

    Importing masked arrays takes a while, and there are none before; another thread may be importing them just now.
    """
    kind = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)
    return np.atleast_1d(values.mask) if kind is not None and isinstance(values, kind) else np.zeros(0, bool)


def _depth(values: Any) -> int:
    """How deep lists are nested, as far as an array can be."""
    depth = 0
    while isinstance(values, (list, tuple)) and values and depth <= _MOST_AXES:
        values, depth = values[0], depth + 1
    return depth


def _check_numbers(array: NDArray[Any], letter: str, where: str) -> NDArray[Any]:
    """The array if it holds numbers; objects that all are numbers become some.

    Raises:
        InputError: what it holds instead.
    """
    kind = array.dtype.kind
    if kind == "O":
        return _from_objects(array, letter, where)
    if kind not in "biuf":
        held = _KINDS.get(kind, str(array.dtype))
        raise InputError(f"{letter} holds {held}, not numbers", where=where, hint="give an array of numbers")
    return array


def _from_objects(array: NDArray[Any], letter: str, where: str) -> NDArray[np.float64]:
    made = np.zeros(array.shape)
    for index, value in np.ndenumerate(array):
        try:
            if not _is_real(value):
                raise TypeError
            made[index] = value
        except (TypeError, ValueError, OverflowError) as error:
            why = "too large for a number" if isinstance(error, OverflowError) else "not a number"
            hint = "give an array of numbers"
            raise InputError(f"{shown(value)} is {why}", where=_place(where, letter, index), hint=hint) from None
    return made


def _is_real(value: Any) -> bool:
    """Whether it is a real number; one of `decimal` is a number of no other kind."""
    plain = isinstance(value, numbers.Number) and not isinstance(value, numbers.Complex)
    return plain or isinstance(value, numbers.Real)


def _finite(array: NDArray[Any], dtype: DTypeLike, letter: str, where: str, *, allow_missing: bool) -> NDArray[Any]:
    """The array in the engine's type, all of it finite; NaN may be there where it stands for a missing value."""
    with np.errstate(over="ignore"):
        made = np.ascontiguousarray(array, dtype=dtype)
    if not _all_good(made, allow_missing=allow_missing):
        good = np.isfinite(made) | (allow_missing & np.isnan(made))
        index = np.argwhere(~good)[0]
        value = array[tuple(index)]
        why = f"too large for a {8 * made.itemsize}-bit number" if np.isfinite(value) else "not finite"
        raise InputError(
            f"{value} is {why}", where=_place(where, letter, index), hint="replace it, or leave out such rows"
        )
    return made


def _all_good(made: NDArray[Any], *, allow_missing: bool) -> bool:
    """Whether every number is finite, or NaN where that is allowed; a piece at a time, which stays in the cache."""
    flat = made.reshape(-1)
    pieces = (flat[first : first + _PIECE] for first in range(0, flat.size, _PIECE))
    if allow_missing:
        return not any(np.isinf(piece).any() for piece in pieces)
    return all(np.isfinite(piece).all() for piece in pieces)


def _place(where: str, letter: str, index: Sequence[int] | NDArray[Any]) -> str:
    """`iris, x row 3, column 1`."""
    row, *columns = (int(part) for part in index) if len(index) else (0,)
    column = f", column {', '.join(map(str, columns))}" if columns else ""
    return f"{where}, {letter} row {row}{column}"
