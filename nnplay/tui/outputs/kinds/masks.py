"""A picture, its true and its predicted mask, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_tiles
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, joined, row_width
from nnplay.views.kinds.masks import Masks


def draw(view: Masks, width: int, height: int, look: Look) -> list[Row]:
    """The picture, its true and its predicted mask, and where they differ; the overlap of each class below."""
    shown = np.where(view.predicted > 0, view.predicted, view.true)
    wrong = np.where(view.true == view.predicted, 0, shown)
    tiles: list[tuple[str, NDArray[Any]]] = [
        ("image", view.image),
        ("true", view.true),
        ("predicted", view.predicted),
        ("wrong", wrong),
    ]
    legend = [_draw_class(view, index, look) for index in range(len(view.labels))]
    mean = float(np.nanmean(view.overlaps))
    title: list[Run] = [("mIoU of this picture ", look.ink("dim")), (f"{mean:.2f}  ", look.ink("strong"))]
    below = _wrap([title, *legend], width)
    return [*draw_tiles(tiles, width, height - len(below), look, len(view.labels)), *below]


def _draw_class(view: Masks, index: int, look: Look) -> list[Run]:
    value = view.overlaps[index]
    share = "–" if np.isnan(value) else f"{value:.2f}"
    sign = look.pick("■", str(index % 10)) if index else look.pick("□", ".")
    ink = look.of_class(index - 1) if index else look.ink("dim")
    return [(f"{sign} {clean(view.labels[index], 12)} ", ink), (f"{share}  ", look.ink("dim"))]


def _wrap(parts: Sequence[list[Run]], width: int) -> list[Row]:
    """Parts in as many rows as they need."""
    rows: list[list[Run]] = [[]]
    for part in parts:
        if rows[-1] and row_width(tuple(rows[-1])) + row_width(tuple(part)) > width:
            rows.append([])
        rows[-1] += part
    return [joined(row) for row in rows]


MASKS = Drawing(Masks, draw)
