"""Made pictures in a grid."""

from __future__ import annotations

from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_picture, put_beside
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.generated_images import GeneratedImages


def draw(view: GeneratedImages, width: int, height: int, look: Look) -> list[Row]:
    """As much of the grid as finds room, each picture as large as that allows."""
    tall, broad = view.images.shape[1:3]
    down = len(view.images) // view.across
    columns = max(4, min((width + 1) // view.across - 1, 2 * broad * (height - 1) // (tall * down)))
    rows = max(2, tall * columns // (2 * broad))
    found: list[Row] = [((fit(view.words, width), look.ink("dim")),)]
    for line in range(down):
        shown = view.images[line * view.across : (line + 1) * view.across][: max(1, (width + 1) // (columns + 1))]
        found += put_beside([draw_picture(image, rows, columns, look) for image in shown])
    return found[:height]


GENERATED_IMAGES = Drawing(GeneratedImages, draw)
