"""Boxes in kernels: how far two overlap, and the box that four numbers make of another one."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.elementary import exp


@inline
def iou(a: Any, at: int, b: Any, other: int) -> Any:
    """Intersection over union of the boxes whose left, top, right and bottom stand in a from `at`, in b from `other`.

    It is worked out in float64, so that comparing it with a threshold means the same in both types.
    """
    left, top = max(np.float64(a[at]), np.float64(b[other])), max(np.float64(a[at + 1]), np.float64(b[other + 1]))
    right = min(np.float64(a[at + 2]), np.float64(b[other + 2]))
    bottom = min(np.float64(a[at + 3]), np.float64(b[other + 3]))
    shared = max(right - left, 0.0) * max(bottom - top, 0.0)
    union = box_area(a, at) + box_area(b, other) - shared
    return shared / union if union > 0.0 else np.float64(0.0)


@inline
def box_area(a: Any, at: int) -> Any:
    """The area of the box at that place; 0 where it is inside out."""
    width, height = np.float64(a[at + 2]) - np.float64(a[at]), np.float64(a[at + 3]) - np.float64(a[at + 1])
    return max(width, 0.0) * max(height, 0.0)


@inline
def decode_box(dx: Any, dy: Any, dw: Any, dh: Any, base: Any, at: int, box: Any, to: int) -> None:
    """Writes the box that shifts dx, dy (in sides) and growth dw, dh (logarithms) make of a base, cut at 0 and 1."""
    width, height = base[at + 2] - base[at], base[at + 3] - base[at + 1]
    x = (base[at] + base[at + 2]) * 0.5 + dx * width
    y = (base[at + 1] + base[at + 3]) * 0.5 + dy * height
    most = DTYPE(4.135166556742356)
    half_width, half_height = exp(min(dw, most)) * width * 0.5, exp(min(dh, most)) * height * 0.5
    box[to] = unit(x - half_width)
    box[to + 1] = unit(y - half_height)
    box[to + 2] = unit(x + half_width)
    box[to + 3] = unit(y + half_height)


@inline
def unit(x: Any) -> Any:
    """Cut to 0 … 1."""
    return 0.0 if x < 0.0 else (1.0 if x > 1.0 else x)


@inline
def count_true(rows: int, columns: int) -> int:
    """How many rows of a target (rows, columns) may be boxes, at most 16; the others are a map."""
    count = rows if columns == 5 else (max(rows - columns, 0) if columns > 5 else 0)
    return min(count, 16)


@inline
def nearest_true(box: Any, at: int, target: Any, first: int, columns: int, count: int) -> Any:
    """The largest IoU of a box with one of `count` true ones, and the number of that one; −1 and 0 where there is none.

    Rows of true boxes (class + 1, left, top, right, bottom) stand in target from `first` on; of equal ones the first.
    """
    best, found = np.float64(-1.0), 0
    for k in range(count):
        if target[first + k * columns] > 0.0:
            shared = iou(box, at, target, first + k * columns + 1)
            if shared > best:
                best, found = shared, k + 1
    return best, found


@inline
def next_drawn(marks: Any, keys: Any, n: int, before: int, near: bool) -> int:
    """The place in row n with the smallest key behind that of `before`, of those near an object or of background.

    A mark of one half or more is near, a smaller one from 0 on is background, others are neither; −1: there is none.
    """
    found = -1
    for c in range(keys.shape[1]):
        wanted = marks[n, c] >= 0.5 if near else 0.0 <= marks[n, c] < 0.5
        key, last = keys[n, c], keys[n, max(before, 0)]
        behind = before < 0 or key > last or (key == last and c > before)
        if wanted and behind and (found < 0 or key < keys[n, found]):
            found = c
    return found
