"""The weights of a dense layer: a tile for each unit, or the matrix in one tile."""

from __future__ import annotations

from nnplay.explain.explanation import Subject
from nnplay.explain.weight import Weight
from nnplay.text import clean, counted, figure
from nnplay.tui.draw.scale_legend import head_line
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.field import Element, Field
from nnplay.tui.outputs.gallery import Tile, draw_gallery, draw_tile, peak_of, place_tiles
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.weights import Weights
from nnplay.views.view import Shown

_WIDEST = 6


def draw(view: Weights, width: int, height: int, look: Look) -> list[Row]:
    """One scale for all weights, with 0 in its middle."""
    peak = peak_of(view.maps)
    if view.is_matrix:
        inputs, units = view.part.shape
        text = f"{counted(inputs, 'input')} down, {counted(units, 'unit')} across"
        field = _place_matrix(view, width, height)
        body = draw_tile(Tile("", view.maps[0], peak), field.rows, field.columns, look)
        return [head_line(text, peak, width, look), *body]
    rows, shown = draw_gallery(_tiles(view), width, height - 1, look)
    count = len(view.maps)
    text = f"{counted(count, 'unit')}, weights of {view.maps.shape[1]}×{view.maps.shape[2]} pixels"
    if shown < count:
        text = f"{shown} of {text}, f: more"
    elif view.channels > 1:
        text = f"{text}, channel {view.channel}"
    return [head_line(text, peak, width, look), *rows]


def _tiles(view: Weights) -> list[Tile]:
    peak = peak_of(view.maps)
    return [Tile(str(number), values, peak) for number, values in enumerate(view.maps)]


def _place_matrix(view: Weights, width: int, height: int) -> Field:
    """The matrix as large as the room lets each number be, all of the same size where that is possible."""
    inputs, units = view.part.shape
    columns = min(_WIDEST, width // units) * units if units <= width else width
    rows = max(1, height - 1)
    rows = min(rows, max(1, rows // inputs) * inputs) if inputs <= rows else min(rows, -(-inputs // 2))
    return Field(1, 0, min(rows, 2 * inputs), max(1, columns), (inputs, units), (0,))


def place_weights(view: Weights, width: int, height: int, look: Look) -> list[Field]:
    """An element is a tile, a row and a column."""
    return [_place_matrix(view, width, height)] if view.is_matrix else place_tiles(_tiles(view), width, height - 1, 1)


def weight_at(view: Weights, element: Element) -> Weight:
    """The number of the parameter that an element is."""
    return Weight(view.part.name, view.part.index_of(element))


def tell_weight(view: Weights, element: Element) -> str:
    """The weight's name and value, and which column of a table it weighs."""
    named = f" ({clean(view.inputs[element[1]], 16)})" if view.is_matrix and view.inputs else ""
    return f"{weight_at(view, element).title}{named} = {figure(float(view.maps[element]), 4)}"


def explain_weight(view: Weights, element: Element | None, shown: Shown) -> Subject | None:
    """The weight under the cursor."""
    return None if element is None else weight_at(view, element)


WEIGHTS = Drawing(Weights, draw, subject=explain_weight, fields=place_weights, tell=tell_weight)
