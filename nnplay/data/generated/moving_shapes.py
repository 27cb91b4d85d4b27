"""Clips of a shape that moves: which way?"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.generated._blocks import SEED, in_blocks, noise, samples
from nnplay.data.record import DatasetRecord
from nnplay.fields import integer

#: Ways that a shape can move, as steps down and right.
WAYS: Final = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}

FIELDS = (
    samples(3000, "clips"),
    noise(0.05, "normal deviation of each pixel"),
    SEED,
    integer("frames", 8, "images of a clip", low=2, high=64),
    integer("size", 16, "pixels along each side", low=8, high=64),
    integer("kinds", len(WAYS), f"how many ways: {', '.join(WAYS)}", low=2, high=len(WAYS)),
)


def make(samples: int, noise: float, seed: int, frames: int, size: int, kinds: int) -> Dataset:
    """Clips as strips (frames·size, size, 1) from 0 to 1; the class is the way that the shape moves.

    A shape leaves the image on one side and comes back on the other, so no single frame says which way it goes.
    """
    ways = tuple(WAYS)[:kinds]

    def block(rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        labels = rows % kinds
        clips = _clips(np.array([WAYS[way] for way in ways])[labels], frames, size, rng)
        clips += noise * rng.standard_normal(clips.shape)
        return {"x": clips.reshape(len(rows), -1, size, 1).astype(np.float32), "y": labels}

    made = in_blocks(samples, seed, "clips", block)
    return Dataset(made["x"], made["y"], name="moving_shapes", class_names=ways, frames=frames)


def _clips(steps: NDArray[np.int64], frames: int, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Squares and discs (n, frames, size, size), bright on dark or dark on bright, softly edged."""
    n = len(steps)
    speed = rng.uniform(0.6, 1.6, (n, 1, 1)) * size / 16
    begin = rng.uniform(0, size, (n, 1, 2))
    places = begin + speed * steps[:, None, :] * np.arange(frames)[None, :, None]
    radius = rng.uniform(0.12, 0.22, (n, 1, 1, 1)) * size
    grid = np.arange(size)
    away = (grid[None, None, :, None] - places[:, :, None, :] + size / 2) % size - size / 2  # round the border
    down, right = away[..., 0][..., :, None], away[..., 1][..., None, :]
    disc = np.sqrt(down * down + right * right)
    square = np.maximum(np.abs(down), np.abs(right))
    inside = np.clip(radius + 0.5 - np.where(rng.random((n, 1, 1, 1)) < 0.5, disc, square), 0.0, 1.0)
    shape, ground = rng.uniform(0.6, 1.0, (n, 1, 1, 1)), rng.uniform(0.0, 0.3, (n, 1, 1, 1))
    dark = rng.random((n, 1, 1, 1)) < 0.5
    seen = ground + (shape - ground) * inside
    return np.where(dark, 1.0 - seen, seen)


RECORD = DatasetRecord(
    name="moving_shapes",
    title="Moving shapes",
    task="classification",
    fields=FIELDS,
    make=make,
    about="Short clips of a disc or square that moves right, left, down or up; a single frame does not say which way.",
    when="For clips: a network that sees each frame, and one that follows them over time.",
)
