"""Procrustes: points turned so that they lie as near as possible to others (Schönemann, 1966)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def find_turn(points: NDArray[Any], onto: NDArray[Any]) -> Floats:
    """The rotation or reflection (K, K) for which `points @ turn` is nearest to `onto`, both (N, K).

    How large either of them is makes no difference. It is the identity where nothing favours any other.
    """
    count = points.shape[1]
    product = points.T @ onto
    if not np.isfinite(product).all() or not product.any():
        return np.eye(count)
    left, _, right = np.linalg.svd(product)
    return np.asarray(left @ right)
