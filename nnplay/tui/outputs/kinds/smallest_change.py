"""An example and its smallest change: both pictures and the difference, or column by column from what to what."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_tiles
from nnplay.tui.outputs.shares import draw_sentence, draw_shares
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.smallest_change import Change

_DIFFERENCE = "difference"


def draw(view: Change, width: int, height: int, look: Look) -> list[Row]:
    """From which class to which, how large the change is, and the change."""
    arrow = look.pick("→", "->")
    turned = f"{clean(view.before, 24)} {arrow} {clean(view.after, 24)}"
    head: list[Row] = [((turned, look.ink("strong")),), *draw_sentence(view.head, width, look)]
    room = max(1, height - len(head))
    if view.pictures:
        titles = (clean(view.before, 24), clean(view.after, 24) + " ", _DIFFERENCE)
        tiles: list[tuple[str, NDArray[Any]]] = list(zip(titles, view.pictures, strict=True))
        return [*head, *draw_tiles(tiles, width, room, look, signed=(_DIFFERENCE,))][:height]
    if not view.names:
        return head[:height]
    head += draw_sentence("each column, and by how many deviations it moves", width, look)
    room = max(1, height - len(head))
    return [*head, *draw_shares(view.names, view.details, view.values, (width, room), look, signed=True)][:height]


CHANGE = Drawing(Change, draw)
