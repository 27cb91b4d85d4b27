"""Strokes drawn as a pen would, many pictures at once: bent, slanted, thick or thin, softly edged."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnplay import exact

Array = NDArray[np.float32]

#: Places at which the pen is drawn, for each glyph; together they leave no gaps at 28 pixels.
DOTS: Final = 72
#: Pictures that are painted at a time: with all that comes of them on the way, they stay in the processor's cache.
_PIECE: Final = 25
#: How far a quick sum is from the exact one at most, as a part of it. Both round each of 72 terms and sums, 2·72·2⁻²⁴;
#: the quick one's bells, exp(-d²) of a rounded d, are off by 8·d²·2⁻²⁴, where d² is below 16 for all that counts.
_OFF: Final = 2.0**-15
#: d² beyond which exp(-d²) is taken for exp(-40): too little to count, and still far from numbers that are slow for
#: being too small.
_FAR: Final = 40.0
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


def write(glyphs: Sequence[tuple[Glyph, int]], distortion: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Glyphs, each written so many times, each time a little differently.

    Returns:
        Places of the pen in pixels (count, DOTS, 2), and the length of the way to the next place (count, DOTS).
    """
    begun, hands = [], []
    for glyph, count in glyphs:
        moves = rng.standard_normal((count, *glyph.points.shape), dtype=np.float32)
        begun.append(exact.product(glyph.dots, glyph.points + 2.6 * distortion * moves - 50))
        hands.append(_draw_hand(count, distortion, rng))
    places, hand = np.concatenate(begun), _Hand(*map(np.concatenate, zip(*hands, strict=True)))
    for wave, phase in ((hand.wave, hand.phase), (hand.second_wave, hand.second_phase)):
        bend = exact.sin_single(exact.product(places, wave) + phase)
        places += np.float32(3.0 * distortion) * bend
    places = exact.product(places, _slant(hand)) * np.float32(SCALE)
    places += hand.shift
    way = np.zeros(places.shape[:2], dtype=np.float32)
    way[:, :-1] = exact.hypot(*np.moveaxis(np.diff(places, axis=1), 2, 0))
    return places, way * np.concatenate([np.broadcast_to(glyph.lift, (count, DOTS)) for glyph, count in glyphs])


class _Hand(NamedTuple):
    """How glyphs (count, …) are written: two waves of random direction, length and phase bend the sheet under the pen;
    a turn, a slant and a size; and where on the sheet."""

    wave: Array
    phase: Array
    second_wave: Array
    second_phase: Array
    angle: NDArray[np.float64]
    slant: NDArray[np.float64]
    width: NDArray[np.float64]
    height: NDArray[np.float64]
    shift: Array


def _draw_hand(count: int, distortion: float, rng: np.random.Generator) -> _Hand:
    (wave, phase), (second_wave, second_phase) = _draw_wave(count, rng), _draw_wave(count, rng)
    angle = np.deg2rad(9.0) * distortion * rng.standard_normal(count)
    slant = -0.18 * distortion * rng.standard_normal(count)
    width, height = 1 + distortion * rng.uniform(-0.22, 0.12, (2, count))
    shift = PIXELS / 2 - 0.5 + 0.9 * distortion * rng.standard_normal((count, 1, 2), dtype=np.float32)
    return _Hand(wave, phase, second_wave, second_phase, angle, slant, width, height, shift)


def _draw_wave(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    wave = rng.normal(0, 0.05, (count, 2, 2)).astype(np.float32)
    return wave, rng.uniform(0, 2 * np.pi, (count, 1, 2)).astype(np.float32)


def _slant(hand: _Hand) -> Array:
    """Turns, slants and sizes as matrices (count, 2, 2) for rows of places."""
    cosine, sine = exact.cos(hand.angle), exact.sin(hand.angle)
    turn = np.stack([cosine, sine, -sine, cosine], axis=1).reshape(-1, 2, 2)
    shape = np.stack([hand.width, 0 * hand.slant, hand.slant * hand.height, hand.height], axis=1).reshape(-1, 2, 2)
    return exact.product(shape, turn).astype(np.float32)


def paint(places: Array, way: Array, thickness: Array, light: Array, noise: Array | None) -> NDArray[np.uint8]:
    """Pictures (count, 28, 28) of the pen's places as bytes, 255 where all is ink.

    A round soft pen is a product of one curve along x and one along y, so a picture is one matrix product. The way to
    the next place weighs each place, which makes lines equally dark however far apart the places are.

    The bytes are what exact sums give, on every processor, though almost all pixels are spared them: a product that is
    taken as quickly as the processor can lies within `_OFF` of the exact one, and shades only grow with it. Where both
    ends have the same shade, so has the exact sum between them; one pixel in a thousand is left to be summed exactly.

    Args:
        thickness: of the pen for each picture in pixels (count,).
        light: what ink is multiplied by in each picture (count,).
        noise: what is added to each pixel (count, 28, 28).
    """
    shades = np.empty((len(places), PIXELS, PIXELS), np.uint8)
    left = []
    for first in range(0, len(places), _PIECE):
        piece = slice(first, first + _PIECE)
        sums = _sum_quickly(places[piece], way[piece], thickness[piece])
        each = light[piece, None, None], None if noise is None else noise[piece]
        shades[piece] = _shade(sums * np.float32(1 - _OFF), *each)
        picture, y, x = np.nonzero(shades[piece] != _shade(sums * np.float32(1 + _OFF), *each))
        left.append((picture + first, y, x))
    picture, y, x = (np.concatenate(index) for index in zip(*left, strict=True))
    sums = _sum_exactly(places[picture], way[picture], thickness[picture], x, y)
    shades[picture, y, x] = _shade(sums, light[picture], None if noise is None else noise[picture, y, x])
    return shades


def _shade(dark: Array, light: Array, noise: Array | None) -> NDArray[np.uint8]:
    """The bytes of sums; each operation, rounded as it is, gives no less for a larger sum."""
    shade = dark - np.float32(0.25)
    shade /= np.float32(0.45)
    np.clip(shade, 0, 1, out=shade)
    shade *= light
    if noise is not None:
        shade += noise
    np.clip(shade, 0, 1, out=shade)
    shade *= np.float32(255)
    return np.asarray(np.rint(shade, out=shade).astype(np.uint8))


def _sum_quickly(places: Array, way: Array, thickness: Array) -> Array:
    """Pictures of sums (n, 28, 28) within `_OFF` of the exact ones, wherever a sum is more than a trace."""
    sharp = 1 / (np.float32(np.sqrt(2)) * thickness)
    grid = np.arange(PIXELS, dtype=np.float32)
    bells = np.subtract(places.transpose(2, 0, 1)[..., None], grid, order="C")
    bells *= sharp[:, None, None]
    bells *= bells
    np.minimum(bells, _FAR, out=bells)
    np.exp(np.negative(bells, out=bells), out=bells)
    across, down = bells
    down *= _weigh(way, thickness)[:, :, None]
    return np.asarray(np.swapaxes(down, 1, 2) @ across)


def _sum_exactly(places: Array, way: Array, thickness: Array, x: NDArray[np.int64], y: NDArray[np.int64]) -> Array:
    """The sums (n,) at one pixel of each of n pictures, place by place along the stroke."""
    sharp = (1 / (np.sqrt(2) * thickness))[:, None, None]
    pixels = np.stack([x, y], axis=1).astype(np.float32)[:, None, :]
    away = (places - pixels) * sharp
    bells = exact.exp_single(-away * away)
    down = bells[:, :, 1] * _weigh(way, thickness)
    return np.asarray(exact.product(down[:, None, :], bells[:, :, :1])[:, 0, 0])


def _weigh(way: Array, thickness: Array) -> Array:
    """What each place of the pen counts (n, DOTS)."""
    return np.asarray(way / (np.float32(np.sqrt(2 * np.pi)) * thickness[:, None]))
