"""The input that activates a unit most, beside the training row that does, or column by column."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_tiles
from nnplay.tui.outputs.shares import draw_sentence, draw_shares
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.activation_maximisation import ActivationMaximum


def draw(view: ActivationMaximum, width: int, height: int, look: Look) -> list[Row]:
    """Which unit, the input that was made, and the notes."""
    head = draw_sentence(view.head, width, look)
    if view.made is None:
        head += draw_sentence("each column, and how many deviations from its mean", width, look)
    foot = [row for note in view.notes for row in draw_sentence(note, width, look)]
    room = max(1, height - len(head) - len(foot))
    if view.made is not None and view.row is not None:
        tiles: list[tuple[str, NDArray[Any]]] = [("made", view.made), ("training row", view.row)]
        return [*head, *draw_tiles(tiles, width, room, look), *foot][:height]
    return [*head, *draw_shares(view.names, view.details, view.values, (width, room), look, signed=True), *foot][
        :height
    ]


ACTIVATION_MAXIMISATION = Drawing(ActivationMaximum, draw)
