"""Filled shapes drawn into pictures: one table of radii a shape, turned, sized and coloured at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.data.generated_cache import Arrays

Array = NDArray[np.float32]

ANGLES: Final = 720
_TURN: Final = np.arange(ANGLES) / ANGLES * 2 * np.pi


def _polygon(corners: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Distance from the centre to the border in each direction; the border is seen whole from the centre."""
    points = np.array(corners)
    radius = np.zeros(ANGLES)
    ahead = np.stack([exact.cos(_TURN), exact.sin(_TURN)], axis=1)
    for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
        side = b - a
        cross = ahead[:, 0] * side[1] - ahead[:, 1] * side[0]
        safe = np.where(np.abs(cross) < 1e-9, 1e-9, cross)
        far = (a[0] * side[1] - a[1] * side[0]) / safe
        along = (a[0] * ahead[:, 1] - a[1] * ahead[:, 0]) / safe
        radius = np.where((far > 0) & (along >= -1e-6) & (along <= 1 + 1e-6), np.maximum(radius, far), radius)
    return radius


def _wheel(corners: int, inner: float) -> list[tuple[float, float]]:
    """Corners of a regular polygon, with a dent to `inner` between each two."""
    radii = [1.0, inner] * corners
    angles = np.arange(2 * corners) * np.pi / corners
    across, up = exact.cos(angles), exact.sin(angles)
    return [(r * float(x), r * float(y)) for r, x, y in zip(radii, across, up, strict=True)]


_T: Final = 0.36
_CROSS: Final = [(1, _T), (_T, _T), (_T, 1), (-_T, 1), (-_T, _T), (-1, _T)]

#: Shape → its radii by direction, in the order of the classes.
RADII: Final[dict[str, NDArray[np.float64]]] = {
    "circle": np.full(ANGLES, 0.85),
    "square": _polygon([(0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8), (0.8, -0.8)]),
    "triangle": _polygon(_wheel(3, 0.5)),
    "cross": _polygon([*_CROSS, *((-x, -y) for x, y in _CROSS)]),
    "star": _polygon(_wheel(5, 0.42)),
    "bar": _polygon([(1, 0.28), (-1, 0.28), (-1, -0.28), (1, -0.28)]),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What pictures of shapes are like.

    Attributes:
        size: pixels along each side.
        channels: 1 (grey) or 3 (colour).
        shapes: names out of `RADII`; their order numbers the classes.
        objects: most shapes in one picture.
        noise: normal deviation of each pixel.
    """

    size: int
    channels: int
    shapes: tuple[str, ...]
    objects: int
    noise: float


def draw(scene: Scene, rows: NDArray[np.int64], rng: np.random.Generator) -> Arrays:
    """A block of pictures.

    Returns:
        `pictures` (n, size, size, channels) of 0 … 255, `labels` (n,) of the shape drawn last, which nothing covers,
        and `masks` (n, size, size): 0 for background, class + 1 inside shapes.
    """
    n, size = len(rows), scene.size
    pictures = draw_ground(scene, n, rng)
    masks = np.zeros((n, size, size), dtype=np.uint8)
    labels = rows % len(scene.shapes)
    number = rng.integers(1, scene.objects + 1, n)
    for layer in range(scene.objects):
        last = layer == scene.objects - 1
        drawn = labels if last else rng.integers(0, len(scene.shapes), n)
        cover = _cover_anywhere(scene, drawn, rng) * (last | (number > layer + 1))[:, None, None]
        paint(pictures, cover, _colour(scene, pictures, rng))
        masks = np.where(cover > 0.5, (drawn + 1)[:, None, None].astype(np.uint8), masks)
    if scene.noise:
        pictures = pictures + np.float32(scene.noise) * rng.standard_normal(pictures.shape, dtype=np.float32)
    shades = np.rint(np.clip(pictures, 0, 1) * np.float32(255)).astype(np.uint8)
    return {"pictures": shades, "labels": labels.astype(np.uint8), "masks": masks}


def draw_ground(scene: Scene, n: int, rng: np.random.Generator) -> Array:
    """A background that brightens in one direction."""
    grid = np.linspace(-1, 1, scene.size, dtype=np.float32)
    slope = rng.uniform(-0.12, 0.12, (2, n, 1, 1, scene.channels)).astype(np.float32)
    level = rng.uniform(0.1, 0.9, (n, 1, 1, scene.channels)).astype(np.float32)
    return np.asarray(level + slope[0] * grid[:, None, None] + slope[1] * grid[None, :, None])


def _cover_anywhere(scene: Scene, labels: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """How much of each pixel one shape a picture covers (n, size, size), of any size at any place."""
    n = len(labels)
    reach = rng.uniform(0.4, 0.75, n) * (scene.size / 2)
    room = scene.size - 2 * 0.8 * reach
    centre = 0.8 * reach + rng.uniform(0, 1, (2, n)) * room - 0.5
    return draw_cover(scene, labels, centre, reach, rng)


def draw_cover(
    scene: Scene,
    labels: NDArray[np.int64],
    centre: NDArray[np.float64],
    reach: NDArray[np.float64],
    rng: np.random.Generator,
) -> Array:
    """How much of each pixel one shape a picture covers (n, size, size), turned by any angle.

    Args:
        labels: numbers of the shapes (n,).
        centre, reach: columns and rows (2, n) of their middles, and how far they reach (n,), in pixels.
    """
    grid = np.arange(scene.size, dtype=np.float32)
    x = (grid[None, None, :] - centre[0, :, None, None]).astype(np.float32)
    y = (grid[None, :, None] - centre[1, :, None, None]).astype(np.float32)
    away = np.sqrt(x * x + y * y)
    radii = np.stack([RADII[name] for name in scene.shapes]).astype(np.float32)
    reaches = reach.astype(np.float32)
    turns = rng.uniform(0, 2 * np.pi, len(labels)).astype(np.float32)
    farthest = radii.max(axis=1)[labels] * reaches + 1
    near = np.flatnonzero(away < farthest[:, None, None])  # nothing is covered beyond
    row, down, across = np.unravel_index(near, away.shape)
    angle = exact.arctan2(y[row, down, 0], x[row, 0, across]).astype(np.float32) + turns[row]
    place = (angle * np.float32(ANGLES / (2 * np.pi))).astype(np.int32) % ANGLES
    border = radii[labels[row], place] * reaches[row]
    cover = np.zeros_like(away)
    cover.reshape(-1)[near] = np.clip(border - away.reshape(-1)[near] + np.float32(0.5), 0, 1)
    return cover


def paint(pictures: Array, cover: Array, colours: Array) -> None:
    """Mixes the colour of each picture (n, channels) into its pixels (n, size, size, channels), as far as covered."""
    covered = np.flatnonzero(cover)
    pixels = pictures.reshape(-1, pictures.shape[-1])
    below, share = pixels[covered], cover.reshape(-1)[covered, None]
    pixels[covered] = below + share * (colours[covered // cover[0].size] - below)


def _colour(scene: Scene, pictures: Array, rng: np.random.Generator) -> Array:
    """A colour for each picture (n, channels) that stands off from its mean by 0.25 at least in every channel."""
    mean = pictures.mean(axis=(1, 2))
    off = rng.uniform(0.25, 0.5, mean.shape).astype(np.float32)
    return np.asarray(np.where(mean > 0.5, mean - off, mean + off))
