"""One sound: its wave and its spectrum side by side, and what it is taken for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_picture, put_beside
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined
from nnplay.views.kinds.sound import Sound

#: Narrower than this, the spectrum is below the wave.
_WIDE = 60


def draw(view: Sound, width: int, height: int, look: Look) -> list[Row]:
    """Wave and spectrum with the same time from left to right, high pitches at the top."""
    right = view.label == view.predicted
    said = clean(view.label) if right else f"{clean(view.predicted)}, is {clean(view.label)}"
    head: Row = ((fit(said, width), look.ink("dim") if right else look.ink("below", bold=True)),)
    beside = width >= _WIDE
    columns = (width - 1) // 2 if beside else width
    rows = max(1, height - 2 if beside else (height - 3) // 2)
    wave = draw_picture(_trace(view.wave, 2 * rows, columns), rows, columns, look)
    spectrum = draw_picture(view.spectrum, rows, columns, look)
    titles = [(fit(title, columns), look.ink("dim")) for title in ("wave", "spectrum, high pitch at the top")]
    if beside:
        between = (" ", look.ink("dim"))
        return [head, joined([titles[0], between, titles[1]]), *put_beside([wave, spectrum])]
    return [head, (titles[0],), *wave, (titles[1],), *spectrum]


def _trace(wave: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """The wave as an image (rows, columns): each column is filled from its lowest value to its highest."""
    edges = np.linspace(0, len(wave), columns + 1).astype(int)
    loudest = float(np.abs(wave).max()) or 1.0
    places = ((1 - wave / loudest) / 2 * (rows - 1)).round().astype(int)
    picture = np.zeros((rows, columns), np.float32)
    for column in range(columns):
        part = places[edges[column] : max(edges[column] + 1, edges[column + 1])]
        picture[part.min() : part.max() + 1, column] = 1
    return picture


SOUND = Drawing(Sound, draw)
