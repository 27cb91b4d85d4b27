"""One training image, and nine draws of it."""

from __future__ import annotations

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_tiles
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.augmentation import Augmentation


def draw(view: Augmentation, width: int, height: int, look: Look) -> list[Row]:
    """The image and its draws, and how they are made."""
    tiles = [(clean(view.label) or "as read", view.image)]
    for number, (picture, label) in enumerate(zip(view.draws, view.labels, strict=True), 1):
        tiles.append((f"draw {number}" if label == view.label else f"{number}: {clean(label)}", picture))
    trained = "all draws" if view.trained == len(view.draws) else f"draws 1 to {view.trained}"
    trained = "draw 1" if view.trained == 1 else trained
    head: Row = ((fit(f"{trained} trained on: {view.how}", width), look.ink("dim")),)
    return [head, *draw_tiles(tiles, width, max(1, height - 1), look)]


AUGMENTATION = Drawing(Augmentation, draw)
