"""The kernels of a convolution side by side."""

from __future__ import annotations

from nnplay.text import counted
from nnplay.tui.draw.scale_legend import head_line
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.gallery import Tile, draw_gallery, peak_of
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.filters import Filters


def draw(view: Filters, width: int, height: int, look: Look) -> list[Row]:
    """One scale for all filters, with 0 in its middle."""
    peak, count = peak_of(view.kernels), len(view.kernels)
    alone = count == 1 and view.axes
    tiles = [Tile("all" if alone else str(number), kernel, peak) for number, kernel in enumerate(view.kernels)]
    rows, shown = draw_gallery(tiles, width, height - 1, look)
    text = f"{counted(count, 'filter')} of {view.kernels.shape[1]}×{view.kernels.shape[2]}"
    if alone:
        text = view.axes
    elif shown < count:
        text = f"{shown} of {text}, f: more"
    elif view.axes:
        text = f"{text}, {view.axes}"
    elif view.channels > 1:
        text = f"{text} for input channel {view.channel}"
    return [head_line(text, peak, width, look), *rows]


FILTERS = Drawing(Filters, draw)
