"""RoIAlign: a grid of features for each box, blended from the features around some points of each of its parts.

Source: He et al., Mask R-CNN, 2017; the numbers are those of torchvision.ops.roi_align and of ONNX. Of several levels
of a feature pyramid each box takes the one that suits its size (Lin et al., Feature pyramid networks, 2017).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import area
from nnplay.kernels.boxes import box_area
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted
from nnplay.records.cuda_rows import PictureRow
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]
#: Units of the `cells` that rows have as integers.
UNITS: Final = 1_000
#: How far below a power of two a size may lie and count as it: 1e-6 of a logarithm, as in torchvision.
_ROUNDING: Final = 2.0**-1e-6


def pick_levels(boxes: Array, shape: tuple[int, ...], levels: int, cells: int) -> NDArray[np.int64]:
    """From which level each box is cut (…), for boxes (…, 4): from 0, the finest one, whose shape is given.

    Level k has boxes that are `cells`·2^k to `cells`·2^(k + 1) cells of the finest level large, the outermost ones
    also those beyond; `cells` in units of 1/1000.
    """
    side = np.sqrt(area(boxes) * float(shape[0] * shape[1]))
    limits = cells / UNITS * _ROUNDING * 2.0 ** np.arange(1, levels)
    return np.asarray((side[..., None] >= limits).sum(axis=-1))


def axis_weights(low: Array, high: Array, cells: int, parts: int, sampling: int, aligned: int) -> Array:
    """How much each part of a side takes of each cell, (…, parts, cells), for sides from low to high (…)."""
    start = low * cells - (0.5 if aligned else 0.0)
    length = (high - low) * cells
    length = length if aligned else np.maximum(length, 1.0)
    steps = (np.arange(parts)[:, None] + (np.arange(sampling) + 0.5) / sampling).ravel()
    place = start[..., None] + steps * (length / parts)[..., None]
    seen = (place >= -1) & (place <= cells)
    near = np.minimum(np.maximum(place, 0), cells - 1)
    shares = np.maximum(0.0, 1.0 - np.abs(near[..., None] - np.arange(cells))) * seen[..., None]
    return np.asarray(shares.reshape(*low.shape, parts, sampling, cells).mean(axis=-2))


def _weights(boxes: Array, H: int, W: int, parts: int, sampling: int, aligned: int) -> tuple[Array, Array]:
    """Of rows and of columns, (N, R, parts, H) and (N, R, parts, W)."""
    down = axis_weights(boxes[..., 1], boxes[..., 3], H, parts, sampling, aligned)
    return down, axis_weights(boxes[..., 0], boxes[..., 2], W, parts, sampling, aligned)


def reference(*operands: Array, parts: int, sampling: int, aligned: int, levels: int, cells: int) -> Array:
    """Features of each level (N, H, W, C), then boxes (N, R, 4)."""
    *features, boxes = operands
    own = pick_levels(boxes, features[0].shape[1:3], levels, cells)
    made = []
    for level, x in enumerate(features):
        down, across = _weights(boxes, x.shape[1], x.shape[2], parts, sampling, aligned)
        made.append(
            np.einsum("nrih,nrjw,nhwc->nrijc", down * (own == level)[..., None, None], across, x, optimize=True)
        )
    return np.asarray(sum(made))


def _back_weights(
    boxes: Array, parts: int, sampling: int, aligned: int, levels: int, cells: int, level: int, shape: tuple[int, ...]
) -> tuple[Array, Array]:
    """What rows and columns of one level give to the parts of boxes; nothing to boxes of other levels."""
    H0, W0, H, W = shape
    down, across = _weights(boxes, H, W, parts, sampling, aligned)
    return down * (pick_levels(boxes, (H0, W0), levels, cells) == level)[..., None, None], across


def reference_back(dy: Array, boxes: Array, H0: int, W0: int, H: int, W: int, **given: int) -> Array:
    down, across = _back_weights(boxes, **given, shape=(H0, W0, H, W))
    slopes = dy.reshape(*boxes.shape[:2], given["parts"], given["parts"], -1)
    return np.asarray(np.einsum("nrih,nrjw,nrijc->nhwc", down, across, slopes, optimize=True))


def _points(low: float, high: float, cells: int, part: int, parts: int, sampling: int, aligned: int) -> list[float]:
    """Where the points of one part lie, in cells."""
    start, length = low * cells - (0.5 if aligned else 0.0), (high - low) * cells
    length = length if aligned else max(length, 1.0)
    return [start + (part + (k + 0.5) / sampling) * length / parts for k in range(sampling)]


def _corners(place: float, cells: int) -> list[tuple[int, float]]:
    """The cells that a point blends along one side, and how much of each."""
    if not -1 <= place <= cells:
        return []
    near = min(max(place, 0.0), cells - 1.0)
    low = min(int(near), cells - 1)
    return [(low, 1 - (near - low)), *([(low + 1, near - low)] if low + 1 < cells else [])]


def sample_points(
    box: Array, shape: tuple[int, int], part: tuple[int, int], given: Mapping[str, int]
) -> list[tuple[float, float, list[tuple[int, int, float]]]]:
    """The points of one part of one box (4,): row and column in cells, and what each takes of which cells.

    Args:
        shape: rows and columns of the level.
        given: parts, sampling and aligned.
    """
    left, top, right, bottom = (float(side) for side in box)
    settings = given["parts"], given["sampling"], given["aligned"]
    return [
        (v, u, [(h, w, down * across) for h, down in _corners(v, shape[0]) for w, across in _corners(u, shape[1])])
        for v in _points(top, bottom, shape[0], part[0], *settings)
        for u in _points(left, right, shape[1], part[1], *settings)
    ]


def _element(at: Any, *operands: Named, levels: int, cells: int, **given: int) -> Term:
    n, r, i, j, c = (int(k) for k in at)
    *features, boxes = operands
    box = boxes.array[n, r]
    x = features[int(pick_levels(box, features[0].shape[1:3], levels, cells))]
    points = sample_points(box, (x.shape[1], x.shape[2]), (i, j), given)
    return total(total(x[n, h, w, c] * share for h, w, share in cells) for *_, cells in points) / len(points)


def _element_back(at: Any, dy: Named, boxes: Named, H0: int, W0: int, H: int, W: int, **given: int) -> Term:
    n, h, w, c = (int(k) for k in at)
    parts = given["parts"]
    down, across = _back_weights(boxes.array, **given, shape=(H0, W0, H, W))
    flat = dy.array.ndim == 4  # boxes one below the other
    terms = [
        dy[(n, r * parts + i, j, c) if flat else (n, r, i, j, c)] * float(down[n, r, i, h] * across[n, r, j, w])
        for r in range(boxes.shape[1])
        for i in np.flatnonzero(down[n, r, :, h]).tolist()
        for j in np.flatnonzero(across[n, r, :, w]).tolist()
    ]
    return total(terms) if terms else as_term(0.0)


@inline
def point(low: Any, high: Any, cells: int, part: int, parts: int, k: int, sampling: int, aligned: int) -> Any:
    """Where point k of a part lies along one side, in cells."""
    start = low * cells - 0.5 if aligned != 0 else low * cells
    length = (high - low) * cells
    if aligned == 0 and length < 1.0:
        length = 1.0
    return start + (part + (k + 0.5) / sampling) * (length / parts)


@inline
def within(place: Any, cells: int) -> Any:
    """The place, at the nearest cell where it lies beyond the outermost ones."""
    return max(min(place, cells - 1.0), 0.0)


@inline
def level_of(boxes: Any, at: int, places: int, levels: int, cells: int) -> int:
    """From which level the box at that place is cut; the finest one has that many places."""
    side = math.sqrt(box_area(boxes, at) * np.float64(places))
    level, limit = 0, np.float64(cells) / UNITS * _ROUNDING * 2.0
    while level < levels - 1 and side >= limit:
        level, limit = level + 1, limit * 2.0
    return level


@kernel
def align(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,r,i,j] = mean over the points of part (i, j) of box r of the blend of the four cells around, of its level.

    x0 … (N, H, W, C), boxes (N, R, 4), y (N, R·parts, parts, C).
    """
    parts, sampling, aligned, levels = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    boxes, y = pointer(row, memory, levels), pointer(row, memory, levels + 1)
    N, R, C = dimension(row, levels, 0), dimension(row, levels, 1), dimension(row, 0, 3)
    scale = 1.0 / (sampling * sampling)
    first, end = share(row, part, N * R)
    for number in range(first, end):
        box, n = shifted(boxes, number * 4), number // R
        level = level_of(box, 0, dimension(row, 0, 1) * dimension(row, 0, 2), levels, integer(row, 4))
        H, W = dimension(row, level, 1), dimension(row, level, 2)
        x = shifted(pointer(row, memory, level), n * H * W * C)
        for bin_ in range(parts * parts):
            i, j = bin_ // parts, bin_ % parts
            Y = shifted(y, (number * parts * parts + bin_) * C)
            for c in range(C):
                Y[c] = 0.0
            for k in range(sampling * sampling):
                py = point(box[1], box[3], H, i, parts, k // sampling, sampling, aligned)
                px = point(box[0], box[2], W, j, parts, k % sampling, sampling, aligned)
                if -1.0 <= py <= H and -1.0 <= px <= W:
                    v, u = within(py, H), within(px, W)
                    h, w = int(v), int(u)
                    below, right = min(h + 1, H - 1), min(w + 1, W - 1)
                    fy, fx = v - h, u - w
                    a, b = shifted(x, (h * W + w) * C), right - w
                    d = (below - h) * W
                    wa, wb = (1.0 - fy) * (1.0 - fx) * scale, (1.0 - fy) * fx * scale
                    wc, wd = fy * (1.0 - fx) * scale, fy * fx * scale
                    for c in range(C):
                        upper = wa * a[c] + wb * a[b * C + c]
                        Y[c] += upper + (wc * a[d * C + c] + wd * a[(d + b) * C + c])


@kernel
def align_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,h,w] = Σ over the boxes of a level and their points of dy times the share that the point took of the cell.

    dy (N, R·parts, parts, C), boxes (N, R, 4), dx (N, H, W, C) of the level.
    """
    dy, boxes, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    parts, sampling, aligned = integer(row, 0), integer(row, 1), integer(row, 2)
    N, R, places = dimension(row, 1, 0), dimension(row, 1, 1), integer(row, 6) * integer(row, 7)
    H, W, C = dimension(row, 2, 1), dimension(row, 2, 2), dimension(row, 2, 3)
    scale = 1.0 / (sampling * sampling)
    first, end = share(row, part, N)
    for n in range(first, end):
        if not adds(row, 2):
            for place in range(n * H * W * C, (n + 1) * H * W * C):
                dx[place] = 0.0
        for r in range(R):
            box = shifted(boxes, (n * R + r) * 4)
            if level_of(box, 0, places, integer(row, 3), integer(row, 4)) != integer(row, 5):
                continue
            for bin_ in range(parts * parts):
                i, j = bin_ // parts, bin_ % parts
                D = shifted(dy, ((n * R + r) * parts * parts + bin_) * C)
                for k in range(sampling * sampling):
                    py = point(box[1], box[3], H, i, parts, k // sampling, sampling, aligned)
                    px = point(box[0], box[2], W, j, parts, k % sampling, sampling, aligned)
                    if -1.0 <= py <= H and -1.0 <= px <= W:
                        v, u = within(py, H), within(px, W)
                        h, w = int(v), int(u)
                        below, right = min(h + 1, H - 1), min(w + 1, W - 1)
                        fy, fx = v - h, u - w
                        spread(dx, ((n * H + h) * W + w) * C, D, (1.0 - fy) * (1.0 - fx) * scale, C)
                        spread(dx, ((n * H + h) * W + right) * C, D, (1.0 - fy) * fx * scale, C)
                        spread(dx, ((n * H + below) * W + w) * C, D, fy * (1.0 - fx) * scale, C)
                        spread(dx, ((n * H + below) * W + right) * C, D, fy * fx * scale, C)


@inline
def spread(dx: Any, at: int, dy: Any, weight: Any, C: int) -> None:
    """Adds `weight` times C gradients to those from `at` on."""
    for c in range(C):
        dx[at + c] += weight * dy[c]


@cache
def align_operation(levels: int) -> Operation:
    """The forward row for that many levels."""
    where = "four cells around it, on the level for the size of box r" if levels > 1 else "four cells around it"
    return Operation(
        name="RoIAlign",
        kernel=align,
        cuda=(CudaRow(align),),
        reads=(*(f"x{level}" for level in range(levels)), f"x{levels}"),
        writes=("y",),
        reference=reference,
        formula=f"y[r,i,j] = mean over the points of part (i, j) of box r of Σ share·x of the {where}",
        words="Cuts each box into parts. Each part is the mean of a few points, and each point a blend of four cells.",
        element=_element,
        integers=("parts", "sampling", "aligned", "levels", "cells"),
        torch="torchvision.ops.roi_align(x, boxes, output_size, sampling_ratio=2, aligned=True)"
        if levels == 1
        else "torchvision.ops.MultiScaleRoIAlign",
    )


@cache
def align_back_operation(level: int, levels: int) -> Operation:
    """The backward row into one of that many levels."""
    return Operation(
        name="RoIAlign backward",
        kernel=align_back,
        cuda=(PictureRow(align_back),),
        reads=("dy", f"x{levels}"),
        writes=(f"dx{level}",),
        reference=reference_back,
        formula=f"dx{level}[h,w] = Σ share·dy[r,i,j] over all boxes{' of this level' if levels > 1 else ''}, parts and "
        "points that took a share of the cell",
        words="Each cell collects the gradients of all parts that it took part in, as much as it did. Boxes get none.",
        element=_element_back,
        integers=("parts", "sampling", "aligned", "levels", "cells", "level", "H0", "W0", "H", "W"),
        torch="autograd",
    )
