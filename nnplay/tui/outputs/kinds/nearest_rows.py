"""An example and the training rows nearest to it: pictures with captions, or a line for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean, figure
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_tiles
from nnplay.tui.outputs.shares import draw_sentence
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined
from nnplay.views.kinds.nearest_rows import Neighbour, Neighbours

_FEW = 5
"""In a small pane so many are shown, or pictures would be too small to tell apart."""
_SMALL = 1200
_NUMBER = 9


def draw(view: Neighbours, width: int, height: int, look: Look) -> list[Row]:
    """What was measured, the example, and the others behind it; whoever has another label stands out."""
    same = sum(each.label == view.example.label for each in view.found)
    head = draw_sentence(f"{view.head}: {view.among}", width, look)
    if view.example.label:
        head += draw_sentence(f"{same} of {len(view.found)} have its label, {view.example.label}", width, look)
    room = max(1, height - len(head))
    if view.example.picture is not None:
        return [*head, *_draw_pictures(view, width, room, look)][:height]
    lines = [_draw_line(each, view, width, look) for each in (view.example, *view.found)]
    return [*head, *lines[:room]][:height]


def _draw_pictures(view: Neighbours, width: int, height: int, look: Look) -> list[Row]:
    shown = view.found if width * height >= _SMALL else view.found[:_FEW]
    tiles: list[tuple[str, NDArray[Any]]] = [(f"{view.example.label} example", _picture(view.example))]
    tiles += [(f"{each.label} {figure(each.distance)}", _picture(each)) for each in shown]
    return draw_tiles(tiles, width, height, look)


def _picture(one: Neighbour) -> NDArray[np.float32]:
    return one.picture if one.picture is not None else np.zeros((1, 1), np.float32)


def _draw_line(one: Neighbour, view: Neighbours, width: int, look: Look) -> Row:
    mine = one is view.example
    side = max((len(clean(each.label)) for each in (view.example, *view.found)), default=0)
    side = min(side, width // 3)
    number = "example" if mine else figure(one.distance)
    ink = look.ink("strong" if mine else "text" if one.label == view.example.label else "below")
    words = fit(clean(one.words, 4096), max(1, width - side - _NUMBER - 2))
    return joined(
        [(fit(number, _NUMBER) + " ", look.ink("dim")), (fit(clean(one.label), side) + " ", ink), (words, ink)]
    )


NEAREST = Drawing(Neighbours, draw)
