"""Images looked at through a turned, moved and scaled window; what lies outside repeats the border.

Everything is + - * / and whole numbers in a fixed order, so that draws have the same bits on every processor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnplay import exact

Floats = NDArray[np.float64]


def affine(angle: Floats, scale: Floats, flipped: NDArray[np.bool_], shift: Floats, size: tuple[int, int]) -> Floats:
    """Where each image takes its pixels from, as matrices (n, 2, 3) on places counted from the middle.

    Args:
        angle: in degrees (n,).
        scale: above 1 enlarges (n,).
        shift: down and right, in shares of height and width (n, 2).
        size: height and width.
    """
    turn = np.pi / 180 * angle
    cos, sin = exact.cos(turn) / scale, exact.sin(turn) / scale
    side = np.where(flipped, -1.0, 1.0)
    rows = np.stack([np.stack([cos, sin * side], axis=1), np.stack([-sin, cos * side], axis=1)], axis=1)
    moved = -shift * np.array(size, np.float64)
    offset = rows[:, :, 0] * moved[:, None, 0] + rows[:, :, 1] * moved[:, None, 1]
    return np.concatenate([rows, offset[:, :, None]], axis=2)


def warp(pictures: NDArray[np.float32], matrices: Floats) -> NDArray[np.float32]:
    """Images (n, H, W, C) seen so, between pixels by bilinear interpolation."""
    y, x = _sources(matrices, pictures.shape[1:3])
    height, width = pictures.shape[1:3]
    top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    down, right = (y - top).astype(np.float32)[..., None], (x - left).astype(np.float32)[..., None]
    below, beside = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    n = np.arange(len(pictures))[:, None, None]
    upper = pictures[n, top, left] * (1 - right) + pictures[n, top, beside] * right
    lower = pictures[n, below, left] * (1 - right) + pictures[n, below, beside] * right
    return np.asarray(upper * (1 - down) + lower * down)


def warp_labels(labels: NDArray[np.int64], matrices: Floats) -> NDArray[np.int64]:
    """Labels per pixel (n, H, W) seen so: those of the nearest pixels."""
    y, x = (np.rint(place).astype(np.int64) for place in _sources(matrices, labels.shape[1:3]))
    return np.asarray(labels[np.arange(len(labels))[:, None, None], y, x])


def _sources(matrices: Floats, size: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Rows and columns (n, H, W) that pixels are taken from, kept within the image."""
    height, width = size
    y = (np.arange(height) - (height - 1) / 2)[None, :, None]
    x = (np.arange(width) - (width - 1) / 2)[None, None, :]
    a = matrices[:, :, :, None, None]
    rows = a[:, 0, 0] * y + a[:, 0, 1] * x + a[:, 0, 2] + (height - 1) / 2
    columns = a[:, 1, 0] * y + a[:, 1, 1] * x + a[:, 1, 2] + (width - 1) / 2
    return np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
