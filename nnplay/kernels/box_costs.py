"""What a predicted box costs beside the true one, and the slopes of that: generalized IoU and smooth L1."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import inline


@inline
def giou_cost(l: Any, t: Any, r: Any, b: Any, L: Any, T: Any, R: Any, B: Any) -> Any:
    """1 − GIoU of two boxes around one point, given by their distances to it: predicted l, t, r, b, true L, T, R, B."""
    shared = (min(l, L) + min(r, R)) * (min(t, T) + min(b, B))
    union = (l + r) * (t + b) + (L + R) * (T + B) - shared
    hull = (max(l, L) + max(r, R)) * (max(t, T) + max(b, B))
    return 2.0 - shared / union - union / hull


@inline
def giou_slope(l: Any, t: Any, r: Any, b: Any, L: Any, T: Any, R: Any, B: Any) -> Any:
    """The slope of that cost by the distance l; the other three follow by turning and mirroring the boxes."""
    height, hull_height = min(t, T) + min(b, B), max(t, T) + max(b, B)
    shared = (min(l, L) + min(r, R)) * height
    union = (l + r) * (t + b) + (L + R) * (T + B) - shared
    hull = (max(l, L) + max(r, R)) * hull_height
    dshared = height if l < L else 0.0
    dhull = hull_height if l > L else 0.0
    dunion = (t + b) - dshared
    return (shared * dunion / union - dshared) / union + (union * dhull / hull - dunion) / hull


@inline
def smooth_l1_cost(error: Any, beta: Any) -> Any:
    """½e²/β up to beta, then |e| − ½β."""
    size = abs(error)
    return 0.5 * size * size / beta if size < beta else size - 0.5 * beta


@inline
def smooth_l1_slope(error: Any, beta: Any) -> Any:
    """e/β, cut to −1 … 1."""
    slope = error / beta
    return 1.0 if slope > 1.0 else (-1.0 if slope < -1.0 else slope)
