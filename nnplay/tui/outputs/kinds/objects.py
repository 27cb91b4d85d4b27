"""A picture with its objects, beside the same picture with what was found."""

from __future__ import annotations

from nnplay.text import clean
from nnplay.tui.outputs.boxed import Boxed, draw_boxed
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit
from nnplay.views.found_objects import Boxes
from nnplay.views.kinds.objects import Objects


def draw(view: Objects, width: int, height: int, look: Look) -> list[Row]:
    """What is there, what was found, and each found object in words."""
    below = [*_list("true", view.true, width, look), *_list("found", view.found, width, look)]
    below = below[: max(2, height // 3)]
    tiles = [Boxed("true", view.image, view.true), Boxed("found", view.image, view.found)]
    return [*draw_boxed(tiles, width, height - len(below), look), *below]


def _list(title: str, boxes: Boxes, width: int, look: Look) -> list[Row]:
    rows: list[Row] = []
    line: list[Run] = [(f"{title} ".ljust(6), look.ink("dim"))]
    used = 6
    if not boxes.words:
        line.append(("nothing", look.ink("dim")))
    for words, label in zip(boxes.words, boxes.classes, strict=True):
        sign = look.pick("■", str(int(label) % 10))
        text = fit(f"{sign} {clean(words, 40)}", min(len(words) + 2, width - 6)) + "  "
        if used + len(text) > width and used > 6:
            rows.append(tuple(line))
            line, used = [(" " * 6, look.ink("dim"))], 6
        line.append((text, look.of_class(int(label))))
        used += len(text)
    return [*rows, tuple(line)]


OBJECTS = Drawing(Objects, draw)
