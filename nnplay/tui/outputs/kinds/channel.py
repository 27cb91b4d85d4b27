"""One channel at full size, and below it what it answers to most."""

from __future__ import annotations

import numpy as np

from nnplay.text import clean
from nnplay.tui.draw.scale_legend import head_line
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.gallery import Tile, draw_gallery, peak_of
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.channel import Channel, Patch

_SHARE = 0.55
"""Of the height, for the image and the map."""


def draw(view: Channel, width: int, height: int, look: Look) -> list[Row]:
    """The image that it answers to most beside the map, then patches of images, the strongest first."""
    image, channel = view.best
    peak = peak_of(channel)
    title = f"row {view.patches[0].row}" if view.patches else "input"
    upper = max(2, int((height - 2) * _SHARE))
    top, _ = draw_gallery([Tile(title, image), Tile(f"channel {view.number}", channel, peak)], width, upper, look)
    room = height - 2 - len(top)
    tiles = [Tile(_caption(patch), _in_range(patch, view)) for patch in view.patches]
    below, shown = draw_gallery(tiles, width, room, look)
    name = f" ({clean(view.name, 24)})" if view.name else ""
    words = f"channel {view.number}{name} of {view.of}; each number sees {view.field[0]}×{view.field[1]}"
    strongest = f"the {shown} patches it responds to most, in {view.rows}" if shown else ""
    drawn = [head_line(words, peak, width, look), *top, ((fit(strongest, width), look.ink("dim")),), *below]
    return drawn[:height]


def _caption(patch: Patch) -> str:
    return f"{patch.value:.2g} {clean(patch.label, 12)}".rstrip()


def _in_range(patch: Patch, view: Channel) -> np.ndarray:
    """The patch with its brightness as in the whole images, rather than stretched by itself."""
    share = (patch.image - view.low) / max(view.high - view.low, 1e-9)
    return np.asarray(share, np.float32)


CHANNEL = Drawing(Channel, draw)
