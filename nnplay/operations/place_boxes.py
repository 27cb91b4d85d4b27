"""Which place of a grid is to find which object, and what its box costs, in NumPy and worked out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import MOST_GROWTH
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.operands import cube, flat, share
from nnplay.records.cuda_rows import PictureRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]
#: The error from which smooth L1 is absolute, as in torchvision.
BETA: Final = DTYPE(1 / 9)


def match_places(target: Array, radius: Array, shape: tuple[int, int]) -> Array:
    """For each place of a grid (N, H, W) the number of its object, from 1, or 0; boxes as in `detection.objects`."""
    H, W = shape
    across, down = np.arange(W)[None, :] + 0.5, np.arange(H)[:, None] + 0.5
    matched, smallest = np.zeros((len(target), H, W)), np.full((len(target), H, W), np.inf)
    for k in range(target.shape[1]):
        box = target[:, k, :, None, None]
        left, top, right, bottom = box[:, 1] * W, box[:, 2] * H, box[:, 3] * W, box[:, 4] * H
        inside = (across > left) & (across < right) & (down > top) & (down < bottom) & (box[:, 0] > 0)
        near = (np.abs(across - (left + right) / 2) <= radius[0]) & (np.abs(down - (top + bottom) / 2) <= radius[0])
        size = (right - left) * (bottom - top)
        better = inside & near & (size < smallest)
        matched = np.where(better, k + 1, matched)
        smallest = np.where(better, size, smallest)
    return matched


def true_distances(target: Array, matched: Array) -> Array:
    """How far each place is from its object's sides, in cells (N, H, W, 4): left, up, right, down; 1 without one."""
    _, H, W = matched.shape
    box = target[np.arange(len(target))[:, None, None], np.maximum(matched.astype(np.int64) - 1, 0), 1:5]
    across, down = np.arange(W)[None, :] + 0.5, np.arange(H)[:, None] + 0.5
    ends = [across - box[..., 0] * W, down - box[..., 1] * H, box[..., 2] * W - across, box[..., 3] * H - down]
    return np.where((matched > 0)[..., None], np.stack(ends, axis=-1), 1.0)


def _areas(prediction: Array, true: Array) -> tuple[Array, Array, Array, Array]:
    """Predicted distances (…, 4), and the shared, joint and surrounding areas (…) of predicted and true boxes."""
    away = np.exp(np.minimum(prediction[..., :4], MOST_GROWTH))
    low, high = np.minimum(away, true), np.maximum(away, true)

    def spread(distances: Array) -> Array:
        return np.asarray((distances[..., 0] + distances[..., 2]) * (distances[..., 1] + distances[..., 3]))

    shared = spread(low)
    return away, shared, spread(away) + spread(true) - shared, spread(high)


def box_costs(prediction: Array, true: Array, giou: int) -> Array:
    """What the box of each place costs (N, H, W), were it to find the object at those distances (N, H, W, 4)."""
    if not giou:
        error = np.abs(prediction[..., :4] - np.log(np.maximum(true, 1e-12)))
        return np.asarray(np.where(error < 1 / 9, 4.5 * error**2, error - 1 / 18).sum(axis=-1))
    _, shared, union, hull = _areas(prediction, true)
    return np.asarray(2 - shared / union - union / hull)


def box_slopes(prediction: Array, true: Array, giou: int) -> Array:
    """The slopes of those costs by the four outputs of each place (N, H, W, 4)."""
    z = prediction[..., :4]
    if not giou:
        return np.asarray(np.clip((z - np.log(np.maximum(true, 1e-12))) * 9, -1, 1))
    away, shared, union, hull = _areas(prediction, true)
    low, high = np.minimum(away, true), np.maximum(away, true)
    sides = np.empty_like(away)
    for side in range(4):
        one, other = (1, 3) if side % 2 == 0 else (0, 2)
        dshared = np.where(away[..., side] < true[..., side], low[..., one] + low[..., other], 0.0)
        dhull = np.where(away[..., side] > true[..., side], high[..., one] + high[..., other], 0.0)
        dunion = away[..., one] + away[..., other] - dshared
        sides[..., side] = (shared * dunion / union - dshared) / union + (union * dhull / hull - dunion) / hull
    return np.where(z < MOST_GROWTH, sides * away, 0.0)


def box_term(place: tuple[int, ...], prediction: Named, target: Named, matched: Named, giou: int) -> Term:
    """What the box of one place costs, worked out."""
    true = true_distances(target.array, matched.array)[place]
    if not giou:
        errors = [prediction[(*place, side)] - apply("log", np.log, float(true[side])) for side in range(4)]
        return total(4.5 * e**2 if abs(e.value) < 1 / 9 else apply("abs", abs, e) - 1 / 18 for e in errors)
    shared, union, hull = (float(area[0]) for area in _areas(prediction.array[place][None], true[None])[1:])
    areas = [Term(area, name, f"{area:.4g}") for name, area in (("shared", shared), ("union", union), ("hull", hull))]
    return 2 - areas[0] / areas[1] - areas[1] / areas[2]


def _match_element(at: Any, target: Named, radius: Named, height: int, width: int) -> Term:
    return as_term(float(match_places(target.array, radius.array, (height, width))[tuple(at)]))


@kernel
def match(row: Any, clock: Any, memory: Any, part: int) -> None:
    """matched[n,i,j] = number of the smallest box that holds the middle of the place near its own middle, or 0.

    target (N, boxes, 5), radius (1,) in cells, matched (N, H, W).
    """
    target, radius, matched = cube(row, memory, 0), flat(row, memory, 1)[0], cube(row, memory, 2)
    N, H, W = matched.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for i in range(H):
            for j in range(W):
                x, y = j + 0.5, i + 0.5
                found, smallest = 0, np.float64(np.inf)
                for k in range(target.shape[1]):
                    left, top = np.float64(target[n, k, 1]) * W, np.float64(target[n, k, 2]) * H
                    right, bottom = np.float64(target[n, k, 3]) * W, np.float64(target[n, k, 4]) * H
                    inside = left < x < right and top < y < bottom and target[n, k, 0] > 0.0
                    near = abs(x - (left + right) * 0.5) <= radius and abs(y - (top + bottom) * 0.5) <= radius
                    size = (right - left) * (bottom - top)
                    if inside and near and size < smallest:
                        found, smallest = k + 1, size
                matched[n, i, j] = found


MATCH: Final = Operation(
    name="which place finds which object",
    kernel=match,
    cuda=(PictureRow(match),),
    reads=("target", "radius"),
    writes=("matched",),
    reference=lambda target, radius, height, width: match_places(target, radius, (height, width)),
    formula="matched[i,j] = the smallest box that holds the middle of place (i, j) near its own middle, from 1; else 0",
    words="Only places in the middle of an object are to find it; all others are to see nothing.",
    element=_match_element,
    integers=("height", "width"),
    torch="torchvision.models.detection.FCOS matches anchors by center_sampling_radius",
)
