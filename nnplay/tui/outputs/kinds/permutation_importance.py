"""How much the score falls without each column, as bars."""

from __future__ import annotations

from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.shares import draw_sentence, draw_shares
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.permutation_importance import Importance


def draw(view: Importance, width: int, height: int, look: Look) -> list[Row]:
    """What is measured, then a bar for each column, the one that matters most first."""
    head = draw_sentence(f"how far {view.score} falls when a column is shuffled", width, look)
    foot = draw_sentence(view.rows, width, look)
    room = (width, max(1, height - len(head) - len(foot)))
    spreads = [float(value) for value in view.spreads]
    return [*head, *draw_shares(view.names, (), view.falls, room, look, signed=True, spreads=spreads), *foot][:height]


IMPORTANCE = Drawing(Importance, draw)
