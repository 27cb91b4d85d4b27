"""A picture with its objects, beside the same picture with what was found."""

from __future__ import annotations

from typing import Final

from nnplay.text import clean
from nnplay.tui.outputs.boxed import Boxed, draw_boxed
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit
from nnplay.views.found_objects import Boxes
from nnplay.views.kinds.objects import Objects

#: Columns of the words in front of a list.
_SIDE: Final = 6


def draw(view: Objects, width: int, height: int, look: Look) -> list[Row]:
    """What is there, what was found, and each found object in words."""
    below = [*_list("true", view.true, width, look), *_list("found", view.found, width, look)]
    below = below[: max(2, height // 3)]
    tiles = [Boxed("true", view.image, view.true), Boxed("found", view.image, view.found)]
    return [*draw_boxed(tiles, width, height - len(below), look), *below]


def _list(title: str, boxes: Boxes, width: int, look: Look) -> list[Row]:
    """The words of boxes, as many to a row as there is room for."""
    rows: list[list[Run]] = [[(fit(title, _SIDE), look.ink("dim"))]]
    used = _SIDE
    if not boxes.words:
        rows[0].append(("nothing", look.ink("dim")))
    for words, label in zip(boxes.words, boxes.classes, strict=True):
        sign = look.pick("■", str(int(label) % 10))
        text = f"{sign} {clean(words, 40)}"
        text = fit(text, min(len(text), max(1, width - _SIDE)))
        if used + len(text) > width and used > _SIDE:
            rows.append([(" " * _SIDE, look.ink("dim"))])
            used = _SIDE
        gap = "  " if used + len(text) + 2 <= width else ""
        rows[-1].append((text + gap, look.of_class(int(label))))
        used += len(text + gap)
    return [tuple(row) for row in rows]


OBJECTS = Drawing(Objects, draw)
