"""Anchors over a picture, step by step to the proposals."""

from __future__ import annotations

from nnplay.tui.outputs.boxed import Boxed, draw_boxed
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import draw_facts
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.anchors import Anchors


def draw(view: Anchors, width: int, height: int, look: Look) -> list[Row]:
    """The sizes of anchors, objectness, the likeliest anchors, the same moved by their deltas, and the proposals."""
    best = [("objectness", view.anchors.words[0]), ("deltas", view.moved.words[0])] if view.anchors.words else []
    below = draw_facts([*best, ("proposals", str(len(view.proposals.words)))], width, look)
    times = look.pick("×", "x")
    tiles = [
        Boxed("anchors of a place", view.image, None, view.sizes),
        *(Boxed(f"objectness {grid.shape[0]}{times}{grid.shape[1]}", grid) for grid in view.objectness),
        Boxed("likeliest anchors", view.image, view.anchors),
        Boxed("moved", view.image, view.moved),
        Boxed("proposals", view.image, view.proposals),
    ]
    return [*draw_boxed(tiles, width, height - len(below), look), *below]


ANCHORS = Drawing(Anchors, draw)
