"""The boxes that stay so far, and the one that is looked at."""

from __future__ import annotations

from nnplay.tui.outputs.boxed import Boxed, draw_boxed
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import draw_facts
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, wrap
from nnplay.views.kinds.suppression import Suppressed


def draw(view: Suppressed, width: int, height: int, look: Look) -> list[Row]:
    """The picture with the box in question, and what becomes of it."""
    facts = [("box", " ".join(view.own.words)), *([("suppressed by", view.by.words[0])] if view.by.words else [])]
    below = [
        *draw_facts([*facts, ("kept so far", str(len(view.kept.words)))], width, look),
        *(((line, look.ink("strong")),) for line in wrap(view.words, width)),
    ]
    tiles = [
        Boxed("this box", view.image, view.by, view.own),
        Boxed("kept so far", view.image, view.kept),
    ]
    return [*draw_boxed(tiles, width, height - len(below), look), *below]


SUPPRESSION = Drawing(Suppressed, draw)
