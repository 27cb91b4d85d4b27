"""Bounded training curves: the whole run in a fixed number of minimum/maximum/last buckets.

A curve starts with one value per bucket. When all buckets are full, neighbours are merged and every bucket holds twice
as many values; so a million epochs cost as much memory as four thousand, and no extreme is ever smoothed away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nnplay.arguments import kind_of
from nnplay.errors import InputError
from nnplay.fields import integer
from nnplay.text import clean, counted, shown
from nnplay.training.curves.layer_curves import LayerCurves

CAPACITY: Final = 4096
MOST_METRICS: Final = 256
PREFIX: Final = "history."
#: What names of curves of other branches of the run begin with, which lie beside its own.
BRANCH_PREFIX: Final = "fork."
#: Where the numbers of every layer are among saved arrays; no curve has this name.
_BY_LAYER: Final = "by_layer"
_MOST: Final = 16 * CAPACITY
#: Points of the clock.
_CLOCK: Final = 512
_CAPACITY: Final = integer("capacity", CAPACITY, "maximum number of points per curve", low=2, high=_MOST)

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_PARTS: Final = ("first_steps", "steps", "minimum", "maximum", "last", "nonfinite")


class Bucket(NamedTuple):
    """Some values of one curve next to each other, of which the newest is that of `step`."""

    step: int
    minimum: float
    maximum: float
    last: float
    nonfinite: bool


class Curve:
    """One metric over the whole run in at most `capacity` buckets (an even number).

    Minimum and maximum leave NaN out (infinities count as extremes) and `nonfinite` marks the buckets that held a NaN
    or an infinity, so neither an extreme nor a divergence disappears in a merge. Values are kept as float32.
    """

    __slots__ = ("_first", "_last", "_length", "_maximum", "_minimum", "_nonfinite", "_room", "_steps", "stride")

    def __init__(self, capacity: int = CAPACITY) -> None:
        if capacity < 2 or capacity % 2 or capacity > _MOST:
            raise InputError(f"capacity must be an even number from 2 to {_MOST:,}, not {clean(capacity)}")
        self._first = np.zeros(capacity, np.int64)
        self._steps = np.zeros(capacity, np.int64)
        self._minimum = np.zeros(capacity, np.float32)
        self._maximum = np.zeros(capacity, np.float32)
        self._last = np.zeros(capacity, np.float32)
        self._nonfinite = np.zeros(capacity, np.bool_)
        self._length = 0
        self._room = 0
        self.stride = 1
        """Values in every bucket but the newest, which may still be filling."""

    def __len__(self) -> int:
        return self._length

    @property
    def capacity(self) -> int:
        """Most buckets that this curve will ever have."""
        return len(self._steps)

    @property
    def first_steps(self) -> Integers:
        """The step of the oldest value in each bucket, ascending; a view."""
        return self._first[: self._length]

    @property
    def steps(self) -> Integers:
        """The step of the newest value in each bucket (the one in `last`), ascending; a view."""
        return self._steps[: self._length]

    @property
    def minimum(self) -> Floats:
        """The smallest value of each bucket; NaN where it held nothing else; a view."""
        return self._minimum[: self._length]

    @property
    def maximum(self) -> Floats:
        """The largest value of each bucket; NaN where it held nothing else; a view."""
        return self._maximum[: self._length]

    @property
    def last(self) -> Floats:
        """The newest value of each bucket, NaN and infinities included; a view."""
        return self._last[: self._length]

    @property
    def nonfinite(self) -> npt.NDArray[np.bool_]:
        """Which buckets held a NaN or an infinity; a view."""
        return self._nonfinite[: self._length]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the buckets take, filled or not."""
        arrays = (self._first, self._steps, self._minimum, self._maximum, self._last, self._nonfinite)
        return sum(array.nbytes for array in arrays)

    def add(self, step: int, value: float) -> None:
        """Append one value; see `extend`."""
        self.extend([step], [value])

    def extend(self, steps: npt.ArrayLike, values: npt.ArrayLike) -> None:
        """Append `values` (N) seen at `steps` (N, ascending); the same as N calls of `add`, at array speed.

        Raises:
            InputError: no numbers, lengths differ, or the steps go back in time (`truncate` first).
        """
        when, what = _vector(steps, np.int64, "iu"), _vector(values, np.float32, "biuf")
        if when.ndim != 1 or when.shape != what.shape:
            raise InputError(f"steps {when.shape} and values {what.shape} must be two vectors of one length")
        self._check_order(when)
        start = 0
        while start < len(when):
            start += self._take(when[start:], what[start:])

    def at(self, step: int) -> Bucket | None:
        """The bucket that holds `step`, or else the nearest one; None while the curve is empty."""
        if not self._length:
            return None
        index = min(int(np.searchsorted(self.steps, step)), self._length - 1)
        if index and step < self._first[index] and step - self._steps[index - 1] <= self._first[index] - step:
            index -= 1
        return self[index]

    def __getitem__(self, index: int) -> Bucket:
        return Bucket(
            int(self.steps[index]),
            float(self.minimum[index]),
            float(self.maximum[index]),
            float(self.last[index]),
            bool(self.nonfinite[index]),
        )

    def truncate(self, step: int) -> None:
        """Forget every value after `step`; a bucket that also holds later values is dropped whole."""
        kept = int(np.searchsorted(self.steps, step, side="right"))
        if kept < self._length:
            self._length = kept
            self._room = 0

    def since(self, step: int) -> Curve:
        """An independent curve of the values after `step`; a bucket that also holds earlier values is left out."""
        begin = int(np.searchsorted(self.first_steps, step, side="right"))
        twin = self.copy()
        for name in ("_first", "_steps", "_minimum", "_maximum", "_last", "_nonfinite"):
            getattr(twin, name)[: self._length - begin] = getattr(self, name)[begin : self._length]
        twin._length -= begin
        return twin

    def copy(self) -> Curve:
        """An independent curve with the same contents, for another thread to read."""
        twin = Curve(self.capacity)
        for name in Curve.__slots__:
            value = getattr(self, name)
            setattr(twin, name, value.copy() if isinstance(value, np.ndarray) else value)
        return twin

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The filled part as named int64 and float32 arrays, enough for an exact copy."""
        arrays: dict[str, npt.NDArray[Any]] = {name: getattr(self, name).copy() for name in _PARTS}
        arrays["nonfinite"] = arrays["nonfinite"].astype(np.int64)
        arrays["shape"] = np.array([self.capacity, self.stride, self._room], np.int64)
        return arrays

    @staticmethod
    def from_arrays(arrays: Mapping[str, npt.NDArray[Any]], where: str = "history") -> Curve:
        """The curve that `to_arrays` wrote.

        Raises:
            InputError: an array is missing, or together they do not describe a curve.
        """
        shape = arrays.get("shape")
        if shape is None or shape.shape != (3,) or shape.dtype != np.int64:
            raise InputError("the curve has no usable 'shape' (capacity, stride, room)", where=where)
        capacity, stride, room = (int(number) for number in shape)
        if not (2 <= capacity <= _MOST and capacity % 2 == 0 and 0 < stride < 2**62 and 0 <= room < stride):
            raise InputError(f"capacity {capacity}, stride {stride}, room {room} do not describe a curve", where=where)
        curve = Curve(capacity)
        curve.stride, curve._room = stride, room
        curve._length = arrays["steps"].size if "steps" in arrays else 0
        if curve._length > capacity:
            raise InputError(f"{curve._length} buckets do not fit a capacity of {capacity}", where=where)
        for name in _PARTS:
            _fill(getattr(curve, name), arrays.get(name), f"{where}.{name}")
        if np.any(np.diff(curve.steps) < 0) or np.any(curve.first_steps > curve.steps):
            raise InputError("the steps are not in order", where=where)
        return curve

    def _check_order(self, when: Integers) -> None:
        behind = len(when) and self._length and when[0] < self._steps[self._length - 1]
        if behind or (len(when) > 1 and bool((when[1:] < when[:-1]).any())):
            raise InputError("a curve's steps must not go back in time; truncate it first")

    def _take(self, when: Integers, what: Floats) -> int:
        """Store as many leading values as fit without another merge; how many they were."""
        if self._room:
            return self._fill_newest(when, what)
        if self._length == self.capacity:
            self._merge()
        whole = min(len(what) // self.stride, self.capacity - self._length)
        if whole:
            self._append(when[: whole * self.stride], what[: whole * self.stride], self.stride)
            return whole * self.stride
        self._append(when, what, len(what))
        self._room = self.stride - len(what)
        return len(what)

    def _fill_newest(self, when: Integers, what: Floats) -> int:
        count = min(self._room, len(what))
        newest = self._length - 1
        part = what[:count]
        self._minimum[newest] = np.fmin(self._minimum[newest], np.fmin.reduce(part))
        self._maximum[newest] = np.fmax(self._maximum[newest], np.fmax.reduce(part))
        self._last[newest] = part[-1]
        self._nonfinite[newest] |= not np.isfinite(part).all()
        self._steps[newest] = when[count - 1]
        self._room -= count
        return count

    def _append(self, when: Integers, what: Floats, width: int) -> None:
        new = slice(self._length, self._length + len(what) // width)
        if width == 1:  # as in most calls: nothing has to be reduced
            self._minimum[new] = self._maximum[new] = self._last[new] = what
            self._nonfinite[new] = ~np.isfinite(what)
            self._first[new] = self._steps[new] = when
        else:
            rows = what.reshape(-1, width)
            self._minimum[new] = np.fmin.reduce(rows, axis=1)
            self._maximum[new] = np.fmax.reduce(rows, axis=1)
            self._last[new] = rows[:, -1]
            self._nonfinite[new] = ~np.isfinite(rows).all(axis=1)
            self._first[new] = when[::width]
            self._steps[new] = when[width - 1 :: width]
        self._length = new.stop

    def _merge(self) -> None:
        half = self.capacity // 2
        self._minimum[:half] = np.fmin(self._minimum[0::2], self._minimum[1::2])
        self._maximum[:half] = np.fmax(self._maximum[0::2], self._maximum[1::2])
        self._last[:half] = self._last[1::2].copy()
        self._nonfinite[:half] = self._nonfinite[0::2] | self._nonfinite[1::2]
        self._first[:half] = self._first[0::2].copy()
        self._steps[:half] = self._steps[1::2].copy()
        self._length = half
        self.stride *= 2


class History:
    """The curves of one run by metric name.

    A trainer writes "loss", "gradient_norm" and "lr" for each step, and at the end of each epoch "train_loss",
    "validation_loss" and, for classes, "validation_accuracy" (a share from 0 to 1).

    `history["loss"].steps` are the last steps of a curve's buckets, `.last`, `.minimum` and `.maximum` (float32) what
    was there; as long as a curve has at most 4,096 values each has a bucket of its own.

    Attributes:
        by_layer: numbers of every layer at some of the steps.
        clock: seconds of training at some of the steps; measured, so no part of what a session compares or keeps.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity: int = _CAPACITY.read(capacity, "history")
        self.by_layer = LayerCurves()
        self.clock = Curve(_CLOCK)
        self._curves: dict[str, Curve] = {}

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {self._curves[name].last[-1]:.4g}" for name in self.names())
        return f"<History: {last or 'nothing yet'}>"

    def __getitem__(self, name: str) -> Curve:
        """The metric's curve, empty when nothing was added yet."""
        if kind_of(name, str, "name of a metric", "history") not in self._curves:
            self._curves[name] = Curve(self._capacity)
        return self._curves[name]

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def names(self) -> tuple[str, ...]:
        """The metrics that have values, in the order in which they first appeared."""
        return tuple(name for name, curve in self._curves.items() if len(curve))

    def add(self, name: str, step: int, value: float) -> None:
        """Append one value to a metric."""
        self[name].add(step, value)

    def extend(self, name: str, steps: npt.ArrayLike, values: npt.ArrayLike) -> None:
        """Append a block of values (N) at `steps` (N, ascending) to a metric."""
        self[name].extend(steps, values)

    def truncate(self, step: int) -> None:
        """Go back in time: forget what every metric was after `step`; curves that lie beside the run's own stay."""
        kind_of(step, (int, np.integer), "step", "history")
        for name, curve in self._curves.items():
            if not name.startswith(BRANCH_PREFIX):
                curve.truncate(step)
        self.by_layer.truncate(int(step))
        self.clock.truncate(int(step))

    def put(self, name: str, curve: Curve) -> None:
        """Lay another curve beside the run's own, or in place of one of that name."""
        self._curves[name] = curve

    def drop(self, name: str) -> None:
        """Forget a metric, if it is there."""
        self._curves.pop(name, None)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that all curves take."""
        return self.by_layer.nbytes + sum(curve.nbytes for curve in self._curves.values())

    def copy(self) -> History:
        """An independent history with the same contents, for another thread to read."""
        twin = History(self._capacity)
        twin._curves = {name: self._curves[name].copy() for name in self.names()}
        twin.by_layer, twin.clock = self.by_layer.copy(), self.clock.copy()
        return twin

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Every curve as arrays named `history.<metric>.<part>`, to be saved beside the weights."""
        found = {name: self._curves[name].to_arrays() for name in self.names()}
        if len(self.by_layer):
            found[_BY_LAYER] = self.by_layer.to_arrays()
        return {f"{PREFIX}{name}.{part}": array for name, parts in found.items() for part, array in parts.items()}

    @staticmethod
    def from_arrays(arrays: Mapping[str, npt.NDArray[Any]], capacity: int = CAPACITY) -> History:
        """The history among `arrays`; names without the `history.` prefix are left alone.

        Raises:
            InputError: a curve's arrays are incomplete or contradict each other, or there are too many metrics.
        """
        parts: dict[str, dict[str, npt.NDArray[Any]]] = {}
        for key, array in arrays.items():
            if key.startswith(PREFIX):
                metric, _, part = key.removeprefix(PREFIX).rpartition(".")
                parts.setdefault(metric, {})[part] = array
        if len(parts) > MOST_METRICS:
            raise InputError(f"{len(parts)} metrics are more than the {MOST_METRICS} a history may have")
        history, by_layer = History(capacity), parts.pop(_BY_LAYER, None)
        if by_layer is not None:
            history.by_layer = LayerCurves.from_arrays(by_layer, f"{PREFIX}{_BY_LAYER}")
        for metric, curve in parts.items():
            history._curves[metric] = Curve.from_arrays(curve, f"{PREFIX}{metric}")
        return history


def _vector(values: npt.ArrayLike, dtype: npt.DTypeLike, kinds: str) -> npt.NDArray[Any]:
    try:
        given = np.asarray(values)
    except ValueError:
        given = np.empty(1, object)
    if given.dtype.kind not in kinds and given.size:
        raise InputError(
            f"{shown(values)} are not valid numbers",
            where="history",
            hint="steps are whole numbers, values real numbers",
        )
    if given.dtype == dtype:
        return np.ascontiguousarray(given)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(given, dtype)


def _fill(target: npt.NDArray[Any], source: npt.NDArray[Any] | None, where: str) -> None:
    stored = np.dtype(np.int64) if target.dtype == np.bool_ else target.dtype
    if source is None or source.dtype != stored or source.shape != target.shape:
        raise InputError(f"should be {counted(len(target), 'value')} of type {stored}", where=where)
    target[:] = source
