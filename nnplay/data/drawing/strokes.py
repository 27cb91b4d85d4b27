"""Strokes drawn as a pen would, many pictures at once: bent, slanted, thick or thin, softly edged."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact

Array = NDArray[np.float32]

#: Places at which the pen is drawn, for each glyph; together they leave no gaps at 28 pixels.
DOTS: Final = 72
#: Pictures that are inked at a time: with all that comes of them on the way, they stay in the processor's cache.
_PIECE: Final = 50
PIXELS: Final = 28
#: Pixels that a box of 100 takes, so that glyphs fill 20 of 28 pixels as in MNIST.
SCALE: Final = 0.2
_FINE: Final = 40


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph as points to move and a linear map from them to the pen's places.

    Attributes:
        points: (C, 2), the points that its text names, each once.
        dots: (DOTS, C), so that `dots @ points` are places along the strokes, evenly spaced.
        lift: (DOTS,) of 0 or 1: 0 where the pen was lifted on its way to the next place.
    """

    points: Array
    dots: Array
    lift: Array


@functools.cache
def read_glyph(text: str) -> Glyph:
    """The glyph of a text such as `~50,6 24,25 20,52; -10,10 90,90` (see `nnplay.data.drawing.glyphs`)."""
    strokes = [(part.strip()[0], part.strip()[1:].split()) for part in text.split(";")]
    names = list(dict.fromkeys(name for _, stroke in strokes for name in stroke))
    points = np.array([name.split(",") for name in names], dtype=np.float64)
    fine = [_weights(kind, [names.index(name) for name in stroke], len(names)) for kind, stroke in strokes]
    lengths = [float(exact.hypot(*np.diff(exact.product(weights, points), axis=0).T).sum()) for weights in fine]
    counts = [max(2, round(DOTS * length / sum(lengths))) for length in lengths]
    counts[-1] += DOTS - sum(counts)
    spaced = [_space_evenly(weights, points, count) for weights, count in zip(fine, counts, strict=True)]
    lift = np.concatenate([np.arange(1, count + 1) < count for count in counts])
    return Glyph(points.astype(np.float32), np.concatenate(spaced).astype(np.float32), lift.astype(np.float32))


def _weights(kind: str, stroke: list[int], count: int) -> NDArray[np.float64]:
    """Rows that mix the points into fine places along one stroke: straight, or a Catmull-Rom spline (1974)."""
    rows = []
    for k in range(len(stroke) - 1):
        near = [stroke[max(0, min(len(stroke) - 1, k + offset))] for offset in (-1, 0, 1, 2)]
        t = np.arange(_FINE) / _FINE
        if kind == "~":
            mixed = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
            parts = [part / 2 for part in mixed]
        else:
            parts = [0 * t, 1 - t, t, 0 * t]
        row = np.zeros((_FINE, count))
        for point, part in zip(near, parts, strict=True):
            row[:, point] += part
        rows.append(row)
    return np.concatenate([*rows, np.eye(count)[[stroke[-1]]]])


def _space_evenly(weights: NDArray[np.float64], points: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    way = np.concatenate([[0.0], np.cumsum(exact.hypot(*np.diff(exact.product(weights, points), axis=0).T))])
    wanted = np.linspace(0.0, way[-1], count)
    return np.stack([np.interp(wanted, way, column) for column in weights.T], axis=1)


def write(glyph: Glyph, count: int, distortion: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """The glyph written `count` times, each time a little differently.

    Returns:
        Places of the pen in pixels (count, DOTS, 2), and the length of the way to the next place (count, DOTS).
    """
    moved = glyph.points + 2.6 * distortion * rng.standard_normal((count, *glyph.points.shape), dtype=np.float32)
    places = exact.product(glyph.dots, moved - 50)
    places = _bend(places, distortion, rng)
    places = exact.product(places, _draw_slants(count, distortion, rng)) * np.float32(SCALE)
    places += PIXELS / 2 - 0.5 + 0.9 * distortion * rng.standard_normal((count, 1, 2), dtype=np.float32)
    way = np.zeros(places.shape[:2], dtype=np.float32)
    way[:, :-1] = exact.hypot(*np.moveaxis(np.diff(places, axis=1), 2, 0))
    return places, way * glyph.lift


def _bend(places: Array, distortion: float, rng: np.random.Generator) -> Array:
    """An elastic sheet under the pen: two waves of random direction, length and phase move every place."""
    count = len(places)
    for _ in range(2):
        wave = rng.normal(0, 0.05, (count, 2, 2)).astype(np.float32)
        phase = rng.uniform(0, 2 * np.pi, (count, 1, 2)).astype(np.float32)
        bend = exact.sin(exact.product(places, wave) + phase).astype(np.float32)
        places = places + np.float32(3.0 * distortion) * bend
    return places


def _draw_slants(count: int, distortion: float, rng: np.random.Generator) -> Array:
    """Random turns, slants and sizes as matrices (count, 2, 2) for rows of places."""
    angle = np.deg2rad(9.0) * distortion * rng.standard_normal(count)
    slant = -0.18 * distortion * rng.standard_normal(count)
    width, height = 1 + distortion * rng.uniform(-0.22, 0.12, (2, count))
    turn = np.stack([exact.cos(angle), exact.sin(angle), -exact.sin(angle), exact.cos(angle)], axis=1).reshape(-1, 2, 2)
    shape = np.stack([width, 0 * slant, slant * height, height], axis=1).reshape(-1, 2, 2)
    return exact.product(shape, turn).astype(np.float32)


def _bell(x: Array) -> Array:
    """exp(-x²)."""
    return exact.exp_single(-x * x)


def ink(places: Array, way: Array, thickness: Array) -> Array:
    """Pictures (count, 28, 28) from 0 to 1 of the pen's places, for each with its `thickness` in pixels (count,).

    A round soft pen is a product of one curve along x and one along y, so a picture is one matrix product. The way to
    the next place weighs each place, which makes lines equally dark however far apart the places are.
    """
    pieces = [slice(first, first + _PIECE) for first in range(0, len(places), _PIECE)]
    return np.concatenate([_ink(places[piece], way[piece], thickness[piece]) for piece in pieces])


def _ink(places: Array, way: Array, thickness: Array) -> Array:
    grid = np.arange(PIXELS, dtype=np.float32)
    sharp = (1 / (np.sqrt(2) * thickness))[:, None, None]
    across = _bell((places[:, :, :1] - grid) * sharp)
    down = _bell((places[:, :, 1:] - grid) * sharp)
    down *= (way / (np.float32(np.sqrt(2 * np.pi)) * thickness[:, None]))[:, :, None]
    dark = exact.product(np.swapaxes(down, 1, 2), across)
    return np.asarray(np.clip((dark - 0.25) / 0.45, 0.0, 1.0))
