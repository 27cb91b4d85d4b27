"""Made pictures in a grid."""

from __future__ import annotations

from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_picture, put_beside
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.made_images import MadeImages


def draw(view: MadeImages, width: int, height: int, look: Look) -> list[Row]:
    """As many pictures of the grid as find room, each at least a few cells wide."""
    tall, broad = view.images.shape[1:3]
    columns = max(6, min((width + 1) // view.across - 1, broad))
    rows = max(3, tall * columns // (2 * broad))
    across, down = min(view.across, max(1, (width + 1) // (columns + 1))), max(1, (height - 1) // rows)
    found: list[Row] = [((fit(view.words, width), look.ink("dim")),)]
    for line in range(min(down, len(view.images) // view.across)):
        first = line * view.across
        found += put_beside([draw_picture(image, rows, columns, look) for image in view.images[first : first + across]])
    return found[:height]


MADE_IMAGES = Drawing(MadeImages, draw)
