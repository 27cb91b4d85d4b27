"""The picture that is wanted, the one reconstructed, and how far they differ."""

from __future__ import annotations

import numpy as np

from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_tiles
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.pair import Pair


def draw(view: Pair, width: int, height: int, look: Look) -> list[Row]:
    """The picture that goes in, the one that comes out, and how far they differ."""
    error = np.abs(view.given - view.wanted)
    far = error if error.ndim == 2 else error.mean(axis=2)
    tiles = [("target", view.wanted), ("output", view.given), ("difference", far)]
    summary = (("mean difference ", look.ink("dim")), (f"{float(far.mean()):.4f}", look.ink("strong")))
    return [*draw_tiles(tiles, width, height - 1, look), summary]


PAIR = Drawing(Pair, draw)
