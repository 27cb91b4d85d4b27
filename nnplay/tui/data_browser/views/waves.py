"""One series over time, and beside it how strong each frequency is in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.outputs.pictures import draw_picture, put_beside
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit

_STRIP = 5
"""Numbers at each step from which on a series is drawn as a picture, a line for each."""
_NARROW = 72
"""Columns below which the spectrum stands under the wave."""
_FLOOR = -80.0
"""Decibels below the strongest frequency that are still shown."""


def draw_wave(steps: NDArray[Any], width: int, height: int, look: Look) -> list[Row]:
    """A series (steps, numbers): its wave and its spectrum; a picture where each step has many numbers."""
    if steps.shape[1] >= _STRIP:
        return [
            _caption(f"{steps.shape[0]:,} steps of {steps.shape[1]:,} numbers", width, look, ", from left to right"),
            *draw_picture(np.asarray(steps.T, dtype=np.float64), max(1, height - 1), width, look),
        ]
    if width < _NARROW or height < 6:
        half = height // 2
        lower = _spectrum(steps, width, height - half, look) if half >= 4 else []
        return [*_wave(steps, width, half if lower else height, look), *lower]
    half = (width - 1) // 2
    return put_beside([_wave(steps, half, height, look), _spectrum(steps, half, height, look)])


def draw_sound(wave: NDArray[Any], spectrum: NDArray[Any], width: int, height: int, look: Look) -> list[Row]:
    """A sound (samples) beside the spectrum (time, bands) that is given to the network, low pitches at the bottom."""
    half = (width - 1) // 2
    words = (f": {spectrum.shape[0]:,} of {spectrum.shape[1]:,} bands", ", high pitch at the top")
    picture = draw_picture(np.asarray(spectrum.T[::-1], dtype=np.float64), max(1, height - 1), half, look)
    return put_beside([_wave(wave[:, None], half, height, look), [_caption("spectra", half, look, *words), *picture]])


def _wave(steps: NDArray[Any], width: int, height: int, look: Look) -> list[Row]:
    low, high = float(np.nanmin(steps)), float(np.nanmax(steps))
    sketch = Sketch(width, max(1, height - 1), (0.0, max(1.0, len(steps) - 1.0)), (low, high), look)
    sketch.axes()
    for series in reversed(range(steps.shape[1])):
        sketch.line(range(len(steps)), steps[:, series].tolist(), look.series(series))
    return [_caption("wave", width, look, f": {len(steps):,} steps", f", {low:.3g} to {high:.3g}"), *sketch.rows()]


def _spectrum(steps: NDArray[Any], width: int, height: int, look: Look) -> list[Row]:
    """The strength of each frequency in decibels below the strongest; without the mean, which is no wave."""
    values = np.nan_to_num(np.asarray(steps, dtype=np.float64))
    strength = np.abs(np.fft.rfft(values - values.mean(axis=0), axis=0))[1:]
    if not strength.size or not strength.max() > 0:
        return [_caption("spectrum: nothing moves", width, look)]
    decibels = np.maximum(_FLOOR, 20 * np.log10(np.maximum(strength / strength.max(), 1e-12)))
    sketch = Sketch(width, max(1, height - 1), (1.0, max(2.0, float(len(decibels)))), (_FLOOR, 0.0), look)
    for series in reversed(range(decibels.shape[1])):
        sketch.line(range(1, len(decibels) + 1), decibels[:, series].tolist(), look.series(series))
    best = int(strength.max(axis=1).argmax()) + 1
    words = (f": strongest {best:,} of {len(decibels):,}", " waves per row", f"; 0 to {_FLOOR:.0f} dB")
    return [_caption("spectrum", width, look, *words), *sketch.rows()]


def _caption(text: str, width: int, look: Look, *further: str) -> Row:
    """A caption with as much of what is further to be said as finds room."""
    for words in further:
        if cell_len(text + words) > width:
            break
        text += words
    return ((fit(text, width), look.ink("dim")),)
