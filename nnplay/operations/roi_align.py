"""RoIAlign: a grid of features for each box, blended from the features around some points of each of its parts.

Source: He et al., Mask R-CNN, 2017; the numbers are those of torchvision.ops.roi_align and of ONNX.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import adds, cube, dimension, grid, integer, pointer, share, shifted
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


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


def reference(x0: Array, x1: Array, parts: int, sampling: int, aligned: int) -> Array:
    down, across = _weights(x1, x0.shape[1], x0.shape[2], parts, sampling, aligned)
    return np.asarray(np.einsum("nrih,nrjw,nhwc->nrijc", down, across, x0, optimize=True))


def reference_back(dy: Array, x1: Array, parts: int, sampling: int, aligned: int, H: int, W: int) -> Array:
    down, across = _weights(x1, H, W, parts, sampling, aligned)
    given = dy.reshape(*x1.shape[:2], parts, parts, -1)
    return np.asarray(np.einsum("nrih,nrjw,nrijc->nhwc", down, across, given, optimize=True))


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


def _element(at: Any, x0: Named, x1: Named, parts: int, sampling: int, aligned: int) -> Term:
    n, r, i, j, c = (int(k) for k in at)
    left, top, right, bottom = (float(side) for side in x1.array[n, r])
    _, H, W, _ = x0.shape
    samples = [
        total(x0[n, h, w, c] * (down * across) for h, down in _corners(y, H) for w, across in _corners(x, W))
        for y in _points(top, bottom, H, i, parts, sampling, aligned)
        for x in _points(left, right, W, j, parts, sampling, aligned)
    ]
    return total(samples) / (sampling * sampling)


def _element_back(at: Any, dy: Named, x1: Named, parts: int, sampling: int, aligned: int, H: int, W: int) -> Term:
    n, h, w, c = (int(k) for k in at)
    down, across = _weights(x1.array, H, W, parts, sampling, aligned)
    flat = dy.array.ndim == 4  # boxes one below the other
    terms = [
        dy[(n, r * parts + i, j, c) if flat else (n, r, i, j, c)] * float(down[n, r, i, h] * across[n, r, j, w])
        for r in range(x1.shape[1])
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


@kernel
def align(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,r,i,j] = mean over the points of part (i, j) of box r of the blend of the four cells around.

    x0 (N, H, W, C), boxes x1 (N, R, 4), y (N, R·parts, parts, C).
    """
    x, boxes, y = grid(row, memory, 0), cube(row, memory, 1), pointer(row, memory, 2)
    parts, sampling, aligned = integer(row, 0), integer(row, 1), integer(row, 2)
    N, H, W, C = x.shape
    R = boxes.shape[1]
    scale = 1.0 / (sampling * sampling)
    first, end = share(row, part, N * R)
    for box in range(first, end):
        n, r = box // R, box % R
        for i in range(parts):
            for j in range(parts):
                Y = shifted(y, ((box * parts + i) * parts + j) * C)
                for c in range(C):
                    Y[c] = 0.0
                for k in range(sampling * sampling):
                    py = point(boxes[n, r, 1], boxes[n, r, 3], H, i, parts, k // sampling, sampling, aligned)
                    px = point(boxes[n, r, 0], boxes[n, r, 2], W, j, parts, k % sampling, sampling, aligned)
                    if -1.0 <= py <= H and -1.0 <= px <= W:
                        v, u = within(py, H), within(px, W)
                        h, w = int(v), int(u)
                        below, right = min(h + 1, H - 1), min(w + 1, W - 1)
                        fy, fx = v - h, u - w
                        a, b = shifted(pointer(row, memory, 0), ((n * H + h) * W + w) * C), right - w
                        d = (below - h) * W
                        wa, wb = (1.0 - fy) * (1.0 - fx) * scale, (1.0 - fy) * fx * scale
                        wc, wd = fy * (1.0 - fx) * scale, fy * fx * scale
                        for c in range(C):
                            upper = wa * a[c] + wb * a[b * C + c]
                            Y[c] += upper + (wc * a[d * C + c] + wd * a[(d + b) * C + c])


@kernel
def align_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx0[n,h,w] = Σ over boxes and their points of dy times the share that the point took of the cell.

    dy (N, R·parts, parts, C), boxes x1 (N, R, 4), dx0 (N, H, W, C).
    """
    dy, boxes, dx = pointer(row, memory, 0), cube(row, memory, 1), pointer(row, memory, 2)
    parts, sampling, aligned = integer(row, 0), integer(row, 1), integer(row, 2)
    N, R = boxes.shape[0], boxes.shape[1]
    H, W, C = dimension(row, 2, 1), dimension(row, 2, 2), dimension(row, 2, 3)
    scale = 1.0 / (sampling * sampling)
    first, end = share(row, part, N)
    for n in range(first, end):
        if not adds(row, 2):
            for place in range(n * H * W * C, (n + 1) * H * W * C):
                dx[place] = 0.0
        for r in range(R):
            for bin_ in range(parts * parts):
                i, j = bin_ // parts, bin_ % parts
                D = shifted(dy, (((n * R + r) * parts + i) * parts + j) * C)
                for k in range(sampling * sampling):
                    py = point(boxes[n, r, 1], boxes[n, r, 3], H, i, parts, k // sampling, sampling, aligned)
                    px = point(boxes[n, r, 0], boxes[n, r, 2], W, j, parts, k % sampling, sampling, aligned)
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


ALIGN: Final = Operation(
    name="RoIAlign",
    kernel=align,
    cuda=(CudaRow(align),),
    reads=("x0", "x1"),
    writes=("y",),
    reference=reference,
    formula="y[r,i,j] = mean over the points of part (i, j) of box r of Σ share·x0, of the four cells around the point",
    words="Cuts each box into parts. Each part is the mean of a few points, and each point a blend of four cells.",
    element=_element,
    integers=("parts", "sampling", "aligned"),
    torch="torchvision.ops.roi_align(x, boxes, output_size, sampling_ratio=2, aligned=True)",
)
ALIGN_BACK: Final = Operation(
    name="RoIAlign backward",
    kernel=align_back,
    cuda=(CudaRow(align_back),),
    reads=("dy", "x1"),
    writes=("dx0",),
    reference=reference_back,
    formula="dx0[h,w] = Σ share·dy[r,i,j] over all boxes, parts and points that took a share of the cell",
    words="Each cell collects the gradients of all parts that it took part in, as much as it did. Boxes get none.",
    element=_element_back,
    integers=("parts", "sampling", "aligned", "H", "W"),
    torch="autograd",
)
