"""Scaling fitted on the training rows only, with the way back to original units."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.arguments import same_word
from nnplay.data.precision import find_type
from nnplay.errors import unknown

if TYPE_CHECKING:
    from nnplay.data.dataset import Dataset

SCALES = ("standard", "minmax", "none")
#: Numbers that are scaled at a time: in float64, they stay in the processor's cache.
_PIECE: Final = 1 << 15


@dataclass(frozen=True, slots=True)
class Scaler:
    """Affine scaling of inputs and regression targets: `scaled = (value - offset) / scale`, in float64.

    Attributes:
        kind: standard (mean 0, variance 1), minmax (0 … 1) or none.
        offset, scale: for each input of a flat row, or each channel (last axis) of a shaped one.
        fill: what replaces a missing input, or None where there can be none.
        target_offset, target_scale: the same for each regression target; empty for classes.
        notes: inputs that could not be scaled because they are constant in the training rows.
    """

    kind: Literal["standard", "minmax", "none"]
    offset: NDArray[np.float64]
    scale: NDArray[np.float64]
    fill: NDArray[np.float64] | None
    target_offset: NDArray[np.float64]
    target_scale: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    @property
    def input_type(self) -> type[np.float32] | type[np.float64]:
        """The type that inputs in original units need."""
        return find_type(np.abs(self.offset), self.scale)

    @property
    def target_type(self) -> type[np.float32] | type[np.float64]:
        """The type that targets in original units need."""
        return find_type(np.abs(self.target_offset), self.target_scale)

    def transform(self, x: NDArray[Any]) -> NDArray[Any]:
        """Inputs (N, …) in original units as the network is given them: float32, or unscaled in the type they have."""
        if self.kind == "none" and self.fill is None:
            return np.ascontiguousarray(x)
        scaled = np.empty(x.shape, dtype=x.dtype if self.kind == "none" else np.float32)
        step = max(1, _PIECE // max(1, math.prod(x.shape[1:])))
        for first in range(0, len(x), step):
            piece = x[first : first + step]
            filled = piece if self.fill is None else np.where(np.isnan(piece), self.fill, piece)
            scaled[first : first + step] = filled if self.kind == "none" else (filled - self.offset) / self.scale
        return scaled

    def inverse(self, x: NDArray[Any]) -> NDArray[Any]:
        """Network inputs (N, …) back in original units, in `input_type`."""
        return np.ascontiguousarray(x * self.scale + self.offset, dtype=self.input_type)

    def transform_target(self, y: NDArray[Any]) -> NDArray[Any]:
        """Regression targets (N, T) as the network learns them; class labels pass unchanged."""
        if not self.target_scale.size:
            return y
        if not self.target_offset.any() and (self.target_scale == 1).all():
            return np.ascontiguousarray(y)  # with its offset, which float32 may not hold
        return np.ascontiguousarray((y - self.target_offset) / self.target_scale, dtype=np.float32)

    def inverse_target(self, y: NDArray[Any]) -> NDArray[Any]:
        """Predictions (N, T) back in the target's original units, in `target_type` or wider; class outputs pass
        unchanged.
        """
        if not self.target_scale.size:
            return y
        return np.ascontiguousarray(self.target_in_units(y), dtype=np.result_type(self.target_type, y.dtype))

    def target_in_units(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """Predictions or targets (N, T) back in the target's original units, in float64 as scores need them."""
        wide = np.asarray(y, np.float64)
        return wide * self.target_scale + self.target_offset if self.target_scale.size else wide


def fit_scaler(data: Dataset, rows: NDArray[np.int64], scale: str, scale_target: str) -> Scaler:
    """The scaler of `data` whose statistics come from `rows` alone.

    Raises:
        InputError: unknown scale.
    """
    if not same_word(scale, SCALES):
        raise unknown("scale", scale, SCALES, where="split")
    if not same_word(scale_target, ("standard", "none")):
        raise unknown("target scale", scale_target, ("standard", "none"), where="split")
    asked = rows if scale != "none" or data.fill == "mean" else rows[:0]  # a copy of rows that tell nothing takes long
    fill = _means(_Values(data.x, asked)) if data.fill == "mean" else None
    offset, width, constant = _fit(_Values(data.x, asked, fill), scale)
    fixed = _fixed_inputs(data)
    offset[fixed], width[fixed] = 0.0, 1.0
    notes = _constant_notes(data, constant & ~fixed) if scale != "none" else ()
    t_offset, t_width, _ = _fit_target(data, rows, scale_target)
    return Scaler(_kind(scale), offset, width, fill, t_offset, t_width, notes)


def _kind(scale: str) -> Literal["standard", "minmax", "none"]:
    return "standard" if scale == "standard" else "minmax" if scale == "minmax" else "none"


@dataclass(frozen=True, slots=True)
class _Values:
    """Some rows of inputs, read a piece at a time: in float64, and all at once, they would take twice the data set.

    Attributes:
        x: the inputs (N, …, channels) in original units.
        rows: which rows.
        fill: what takes the place of missing numbers, for each channel; None leaves them.
    """

    x: NDArray[Any]
    rows: NDArray[np.int64]
    fill: NDArray[np.float64] | None = None

    def pieces(self) -> Iterator[NDArray[np.float64]]:
        """The numbers (some, channels) of some rows after the other, each time in an array of their own."""
        channels = self.x.shape[-1]
        # NumPy sums a single channel in another order where it has all of it; no run may change its bits.
        step = max(1, _PIECE // max(1, math.prod(self.x.shape[1:]))) if channels > 1 else max(1, len(self.rows))
        for first in range(0, max(1, len(self.rows)), step):
            piece = self.x[self.rows[first : first + step]].reshape(-1, channels).astype(np.float64)
            if self.fill is not None:
                np.copyto(piece, self.fill, where=np.isnan(piece))
            yield piece

    @property
    def count(self) -> int:
        """How many numbers each channel has."""
        return len(self.rows) * math.prod(self.x.shape[1:-1])


def _add(total: NDArray[np.float64], piece: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adds the numbers of a piece to the total of each channel, row by row as NumPy does; uses up the piece."""
    if len(piece):
        piece[0] += total
    return np.asarray(piece.sum(axis=0))


def _means(values: _Values) -> NDArray[np.float64]:
    """The mean of each channel's numbers, without those that are missing; 0 where all are."""
    total, counts = np.zeros(values.x.shape[-1]), np.zeros(values.x.shape[-1], dtype=np.int64)
    for piece in values.pieces():
        gaps = np.isnan(piece)
        counts += len(piece) - np.count_nonzero(gaps, axis=0)
        np.copyto(piece, 0.0, where=gaps)
        total = _add(total, piece)
    return total / np.maximum(counts, 1)


def _fit(values: _Values, scale: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    channels = values.x.shape[-1]
    if scale == "none":
        return np.zeros(channels), np.ones(channels), np.zeros(channels, np.bool_)
    low, high, total = np.full(channels, np.inf), np.full(channels, -np.inf), np.zeros(channels)
    for piece in values.pieces():
        low, high = np.minimum(low, piece.min(axis=0)), np.maximum(high, piece.max(axis=0))
        total = _add(total, piece)
    constant = low == high
    if scale == "standard":
        offset, squares = total / values.count, np.zeros(channels)
        for piece in values.pieces():
            piece -= offset
            squares = _add(squares, np.square(piece, out=piece))
        width = np.sqrt(squares / values.count)
    else:
        offset, width = low, high - low
    # A constant input has no spread to divide by: it is shifted to zero and otherwise left alone.
    return offset, np.where(constant | (width == 0), 1.0, width), constant


def _fit_target(
    data: Dataset, rows: NDArray[np.int64], scale: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    if data.task != "regression":
        return np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.bool_)
    return _fit(_Values(data.y, rows), scale)


def _fixed_inputs(data: Dataset) -> NDArray[np.bool_]:
    """Inputs that are 0 or 1 by construction (one-hot and indicator), or codes: scaling would hide what they mean."""
    fixed = [not column.scalable for column in data.columns for _ in column.inputs]
    if len(fixed) != data.feature_shape[-1]:
        return np.zeros(data.feature_shape[-1], dtype=np.bool_)
    return np.array(fixed, dtype=np.bool_)


def _constant_notes(data: Dataset, constant: NDArray[np.bool_]) -> tuple[str, ...]:
    count = int(constant.sum())
    if not count:
        return ()
    names = data.feature_names if len(data.feature_names) == len(constant) else [str(i) for i in range(len(constant))]
    shown = [name for name, is_constant in zip(names, constant, strict=True) if is_constant][:5]
    more = ", …" if count > len(shown) else ""
    return (f"constant in the training rows, so not scaled: {', '.join(shown)}{more}",)
