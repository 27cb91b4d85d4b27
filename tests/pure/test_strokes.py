"""Claims about painting strokes: pictures are those of exact sums, though hardly any pixel is summed exactly."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.data.drawing import glyphs, strokes

Array = NDArray[np.float32]


def write_some(distortion: float) -> tuple[Array, Array, Array]:
    """Places, ways and thicknesses of 20 pictures."""
    rng = np.random.default_rng(3)
    forms = [(strokes.read_glyph(form), 5) for form in glyphs.STYLES[8][:2] + glyphs.STYLES[1][:2]]
    places, way = strokes.write(forms, distortion, rng)
    return places, way, rng.uniform(0.4, 1.1, len(places)).astype(np.float32)


def sum_all_exactly(places: Array, way: Array, thickness: Array) -> Array:
    """Every pixel of every picture, summed exactly."""
    picture, y, x = np.indices((len(places), strokes.PIXELS, strokes.PIXELS)).reshape(3, -1)
    sums = strokes._sum_exactly(places[picture], way[picture], thickness[picture], x, y)
    return sums.reshape(-1, strokes.PIXELS, strokes.PIXELS)


@pytest.mark.parametrize("distortion", [0.0, 1.0, 2.0])
def test_quick_sums_are_within_their_bound(distortion: float) -> None:
    """A quick sum is off by less than half of what is allowed for."""
    pens = write_some(distortion)
    right = sum_all_exactly(*pens).astype(np.float64)
    off = np.abs(strokes._sum_quickly(*pens) - right)[right > 0.2] / right[right > 0.2]
    assert off.max() < strokes._OFF / 2


@pytest.mark.parametrize("off", [0.0, 0.9, -0.9])
def test_pictures_are_those_of_exact_sums(off: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far a processor's quick sums are off within the bound, each byte is that of the exact sum."""
    pens = write_some(1.0)
    right = sum_all_exactly(*pens)
    monkeypatch.setattr(strokes, "_PIECE", 20)  # all in one, so that sums can be given
    quick = right * (1 + off * strokes._OFF * np.random.default_rng(0).choice([0, 1], right.shape)).astype(np.float32)
    monkeypatch.setattr(strokes, "_sum_quickly", lambda *pens: quick)
    rng = np.random.default_rng(1)
    light = rng.uniform(0.75, 1.0, len(right)).astype(np.float32)
    for noise in (None, np.float32(0.05) * rng.standard_normal(right.shape, dtype=np.float32)):
        shown = strokes.paint(*pens, light, noise)
        assert np.array_equal(shown, strokes._shade(right, light[:, None, None], noise))
    if off:
        assert not np.array_equal(strokes._shade(quick, light[:, None, None], noise), shown)
