"""Tensors of any rank as tables: which axes are lines and columns, which are fixed, and small windows of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plane:
    """How a tensor is laid out as a table.

    Attributes:
        shape: of the tensor.
        lines: axes that run down, the slowest first; none for a vector.
        column: the axis that runs to the right, or -1 for a single number.
        fixed: axes that show one index only, with that index.
    """

    shape: Index
    lines: Index
    column: int
    fixed: tuple[tuple[int, int], ...] = ()

    @property
    def height(self) -> int:
        """Lines of the whole table."""
        return math.prod(self.shape[axis] for axis in self.lines)

    @property
    def width(self) -> int:
        """Columns of the whole table."""
        return self.shape[self.column] if self.column >= 0 else 1

    def place(self, index: Index) -> tuple[int, int] | None:
        """Line and column of an element, or None if a fixed axis leaves it out."""
        lines, columns = self.places(np.array([index], dtype=np.int64).reshape(1, len(self.shape)))
        return (int(lines[0]), int(columns[0])) if len(lines) else None

    def places(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Lines and columns of those of some elements (k, rank) that no fixed axis leaves out."""
        for axis, at in self.fixed:
            indices = indices[indices[:, axis] == at]
        lines = np.zeros(len(indices), np.int64)
        for axis in self.lines:
            lines = lines * self.shape[axis] + indices[:, axis]
        return lines, indices[:, self.column] if self.column >= 0 else np.zeros(len(indices), np.int64)

    def index(self, line: int, column: int) -> Index:
        """The element at a line and column."""
        index = [0] * len(self.shape)
        for axis, at in self.fixed:
            index[axis] = at
        for axis in reversed(self.lines):
            line, index[axis] = divmod(line, self.shape[axis])
        if self.column >= 0:
            index[self.column] = column
        return tuple(index)

    def window(self, values: Array, top: int, left: int, height: int, width: int) -> Array:
        """A copy of the part of the table that is seen, (height, width); nothing else is read."""
        lines = np.arange(top, min(top + height, self.height))
        columns = np.arange(left, min(left + width, self.width))
        if self.column < 0:
            return np.array(values, dtype=np.float64).reshape(1, 1)
        where: list[Any] = [0] * len(self.shape)
        for axis, at in self.fixed:
            where[axis] = at
        if self.lines:
            parts = np.unravel_index(lines, [self.shape[axis] for axis in self.lines])
            for axis, part in zip(self.lines, parts, strict=True):
                where[axis] = part[:, None]
        where[self.column] = columns[None, :]
        return np.array(values[tuple(where)], dtype=np.float64).reshape(len(lines), len(columns))

    def mask(self, touched: NDArray[np.int64], top: int, left: int, height: int, width: int) -> NDArray[np.bool_]:
        """Which cells of a window hold one of some elements (k, rank)."""
        seen = np.zeros((min(height, self.height - top), min(width, self.width - left)), np.bool_)
        lines, columns = self.places(touched)
        lines, columns = lines - top, columns - left
        inside = (lines >= 0) & (lines < seen.shape[0]) & (columns >= 0) & (columns < seen.shape[1])
        seen[lines[inside], columns[inside]] = True
        return seen


#: Operands that have a map for each head, (N, heads, steps, steps): they are no pictures with channels.
MAPS: Final = frozenset({"weights", "dscores", "thinned", "drop_mask"})


def plane_of(shape: Index, index: Index, *, batch: bool, every: bool, maps: bool = False) -> Plane:
    """The layout that suits a tensor: pictures as height × width, the slices of volumes one below the other as such,
    sequences as steps × features, else the last axis; of weights of windows, those from one channel to one filter.

    Args:
        index: the element that must be seen; it says where axes are fixed.
        batch: the first axis is the batch.
        every: all rows of the batch one below the other, instead of the element's own.
        maps: the last two axes are a map, and the second one counts maps.
    """
    rank = len(shape)
    if rank == 0:
        return Plane(shape, (), -1)
    if rank == 1:
        return Plane(shape, (), 0)
    ends = tuple((axis, index[axis]) for axis in (rank - 2, rank - 1))
    if not batch:
        if rank >= 4:
            return Plane(shape, tuple(range(rank - 3)), rank - 3, ends)
        return Plane(shape, (rank - 2,), rank - 1, tuple((axis, index[axis]) for axis in range(rank - 2)))
    if maps and rank == 4:
        lines, row = ((0, 2), ()) if every else ((2,), ((0, index[0]),))
        return Plane(shape, lines, 3, (*row, (1, index[1])))
    inner = tuple(range(1, rank - 2 if rank >= 4 else rank - 1))
    column = rank - 2 if rank >= 4 else rank - 1
    fixed = ends[1:] if rank >= 4 else ()
    if every:
        return Plane(shape, (0, *inner), column, fixed)
    return Plane(shape, inner, column, ((0, index[0]), *fixed))


def centred(place: int, seen: int, total: int) -> int:
    """The first line of a window of `seen` lines that has `place` near its middle."""
    return max(0, min(place - seen // 2, total - seen))
