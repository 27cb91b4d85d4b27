"""The kernels of a convolution side by side."""

from __future__ import annotations

from nnplay.explain.explanation import Subject
from nnplay.explain.weight import Weight
from nnplay.text import counted, figure
from nnplay.tui.draw.scale_legend import head_line
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.field import Element, Field
from nnplay.tui.outputs.gallery import Tile, draw_gallery, peak_of, place_tiles
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.filters import Filters
from nnplay.views.view import Shown


def draw(view: Filters, width: int, height: int, look: Look) -> list[Row]:
    """One scale for all filters, with 0 in its middle."""
    tiles, count, alone = _tiles(view), len(view.kernels), _is_alone(view)
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
    return [head_line(text, tiles[-1].peak, width, look), *rows]


def _is_alone(view: Filters) -> bool:
    """Whether there is one number for each pair of channels, and so a single tile."""
    return len(view.kernels) == 1 and bool(view.axes)


def _tiles(view: Filters) -> list[Tile]:
    peak = peak_of(view.kernels)
    names = ["all"] if _is_alone(view) else map(str, range(len(view.kernels)))
    return [Tile(name, kernel, peak) for name, kernel in zip(names, view.kernels, strict=True)]


def place_weights(view: Filters, width: int, height: int, look: Look) -> list[Field]:
    """An element is a filter, a row and a column."""
    return place_tiles(_tiles(view), width, height - 1, 1)


def tell_weight(view: Filters, element: Element) -> str:
    """The weight's name and value."""
    return f"{weight_at(view, element).title} = {figure(float(view.kernels[element]))}"


def weight_at(view: Filters, element: Element) -> Weight:
    """The number of the parameter that an element is."""
    return Weight(view.part.name, view.part.index_of(element))


def explain_weight(view: Filters, element: Element | None, shown: Shown) -> Subject | None:
    """The weight under the cursor."""
    return None if element is None else weight_at(view, element)


FILTERS = Drawing(Filters, draw, subject=explain_weight, fields=place_weights, tell=tell_weight)
