"""One clip: its frames side by side in their order, and what it is taken for."""

from __future__ import annotations

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_tiles
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.clip import Clip


def draw(view: Clip, width: int, height: int, look: Look) -> list[Row]:
    """The frames, numbered, below the answer."""
    right = view.label == view.predicted
    said = clean(view.label) if right else f"{clean(view.predicted)}, is {clean(view.label)}"
    head: Row = ((fit(said, width), look.ink("dim") if right else look.ink("below", bold=True)),)
    tiles = [(str(number), frame) for number, frame in zip(view.numbers, view.frames, strict=True)]
    return [head, *draw_tiles(tiles, width, max(1, height - 1), look)]


CLIP = Drawing(Clip, draw)
