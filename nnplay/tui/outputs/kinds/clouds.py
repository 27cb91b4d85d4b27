"""The rows in every layer as small pictures side by side, or in one layer as a large one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len

from nnplay.text import clean
from nnplay.tui.draw.cloud import Points, draw_cloud, group_mark
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import put_beside
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, wrap
from nnplay.views.clouds import Cloud, Clouds

_GAP = 1
_LEAST = 3
"""Rows and half the columns below which a cloud cannot be read."""


def draw(view: Clouds, width: int, height: int, look: Look) -> list[Row]:
    """Legend, which rows, and a picture for each layer; of more than can be read some, the last one among them."""
    if not view.clouds:
        return [((line, look.ink("dim")),) for line in wrap(clean(view.words, 300), width)]
    legend = _draw_legend(view.groups.names, width, look)
    room = height - len(legend) - 1
    if view.chosen >= 0:
        across, down = 1, 1
        shown = view.clouds[view.chosen : view.chosen + 1]
    else:
        across, down = _arrange(len(view.clouds), width, room)
        shown = _choose(view.clouds, across * down)
    words = view.words
    if view.chosen < 0 and len(shown) < len(view.clouds):
        words += f" · {len(shown)} of {len(view.clouds)} layers, f: more"
    rows = [*legend, ((fit(words, width), look.ink("dim")),)]
    wide, tall = (width + _GAP) // across - _GAP, room // down
    for start in range(0, len(shown), across):
        rows += put_beside([_draw_tile(view, cloud, wide, tall, look) for cloud in shown[start : start + across]])
    return rows[:height]


def _choose(clouds: tuple[Cloud, ...], most: int) -> tuple[Cloud, ...]:
    """All of them, or so many from the first to the last."""
    if len(clouds) <= most:
        return clouds
    return tuple(clouds[k] for k in np.linspace(len(clouds) - 1, 0, most).round().astype(int)[::-1])


def _arrange(count: int, width: int, height: int) -> tuple[int, int]:
    """How many pictures across and down make the largest ones, all of them or as many as can be read."""
    most = max(1, (width // (2 * _LEAST + _GAP)) * (height // (_LEAST + 1)))
    shown = min(count, most)

    def side(across: int) -> tuple[int, int]:
        wide, tall = (width + _GAP) // across - _GAP, 2 * (height // -(-shown // across) - 1)
        return min(wide, tall), wide * tall

    across = max(range(1, shown + 1), key=side)
    return across, -(-shown // across)


def _draw_tile(view: Clouds, cloud: Cloud, width: int, height: int, look: Look) -> list[Row]:
    if width < 1 or height < 1:
        return []
    title: Row = ((fit(_title(cloud, width), width), look.ink("text")),)
    points = Points(cloud.places, view.groups.of, cloud.lines, view.line_groups)
    rows = (
        draw_cloud(points, width, height - 1, look)
        if cloud.finite
        else [((fit("not finite", width), look.ink("dim")),)]
    )
    return [title, *rows]


def _title(cloud: Cloud, width: int) -> str:
    """The layer, and how much of the variance is seen where there is room for it."""
    name = clean(cloud.name, 24)
    share = f" {100 * cloud.share:.0f} %" if cloud.finite and not math.isnan(cloud.share) else ""
    return name + share if cell_len(name + share) <= width else name


def _draw_legend(names: Sequence[str], width: int, look: Look) -> list[Row]:
    """Each group's mark and name in one row; what finds no room is left out."""
    runs: list[Run] = []
    texts = [clean(name, 16) for name in names]
    roomy = sum(cell_len(text) + 4 for text in texts) <= width
    left = width + 1
    for group, text in enumerate(texts):
        text = f" {text}  " if roomy else f"{text} "
        left -= 1 + cell_len(text)
        if left < 0:
            break
        runs += [group_mark(group, look), (text, look.ink("dim"))]
    return [joined(runs)] if runs else []


CLOUDS = Drawing(Clouds, draw)
