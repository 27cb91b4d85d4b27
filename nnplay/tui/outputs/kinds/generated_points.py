"""Real and generated points over the discriminator's map, arrows that pull at these, and the generator's sheet."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from nnplay.tui.draw.blocks import picture
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined
from nnplay.views.kinds.generated_points import GeneratedPoints

_REAL_SHOWN = 200
#: Where dots of a path lie between two steps.
_SHARES: Final = (0.0, 0.2, 0.4, 0.6, 0.8)
#: Directions from the right, counter-clockwise, in steps of 45 degrees.
_WAYS, _PLAIN_WAYS = "→↗↑↖←↙↓↘", ">/^\\<v/v"


def draw(view: GeneratedPoints, width: int, height: int, look: Look) -> list[Row]:
    """The plane with its points, and below what can be counted of them."""
    if height < 3:
        return []
    marks = _mark(view, width, height - 2, look)
    rows = picture(view.field, height - 2, width, -1.0, 1.0, look, marks)
    return [*rows, _legend(view, look), ((fit(_numbers(view), width), look.ink("dim")),)]


def _mark(view: GeneratedPoints, width: int, height: int, look: Look) -> dict[tuple[int, int], tuple[str, str]]:
    marks: dict[tuple[int, int], tuple[str, str]] = {}
    if view.trail is not None:
        marks |= _mark_trail(view, view.trail, width, height, look)
    elif view.what != "manifold":
        real = set(_cells(view.real[:_REAL_SHOWN], view, width, height))
        made = set(_cells(view.made, view, width, height))
        marks |= dict.fromkeys(real, (look.pick("●", "+"), look.palette.above))
        marks |= dict.fromkeys(made, (look.pick("◆", "o"), look.palette.below))
        marks |= dict.fromkeys(real & made, (look.pick("◈", "%"), look.palette.text))
    else:
        for cell in _cells(view.real[:_REAL_SHOWN], view, width, height):
            marks[cell] = look.pick("·", "."), look.palette.text
    if view.arrows is not None:
        ways = np.rint(np.arctan2(view.arrows[:, 1], view.arrows[:, 0]) / (np.pi / 4)).astype(int) % 8
        for cell, way in zip(_cells(view.made[: len(ways)], view, width, height), ways.tolist(), strict=True):
            marks[cell] = look.pick(_WAYS[way], _PLAIN_WAYS[way]), look.palette.text
    return marks


def _mark_trail(
    view: GeneratedPoints, trail: np.ndarray, width: int, height: int, look: Look
) -> dict[tuple[int, int], tuple[str, str]]:
    """Real points, the ways of some generated ones as dots, and where these are now."""
    real = _cells(view.real[:_REAL_SHOWN], view, width, height)
    parts = [start + share * (end - start) for start, end in pairwise(trail) for share in _SHARES]
    way = [cell for points in parts for cell in _cells(points, view, width, height)]
    marks = dict.fromkeys(real, (look.pick("●", "+"), look.palette.above))
    marks |= dict.fromkeys(way, (look.pick("·", "."), look.palette.below))
    return marks | dict.fromkeys(_cells(trail[-1], view, width, height), (look.pick("◆", "o"), look.palette.below))


def _cells(points: np.ndarray, view: GeneratedPoints, width: int, height: int) -> list[tuple[int, int]]:
    """The cell (row, column) of each point; those outside are at the edge."""
    (x0, x1), (y0, y1) = view.x_range, view.y_range
    columns = np.clip((points[:, 0] - x0) / (x1 - x0) * width, 0, width - 1).astype(int)
    lines = np.clip((y1 - points[:, 1]) / (y1 - y0) * height, 0, height - 1).astype(int)
    return list(zip(lines.tolist(), columns.tolist(), strict=True))


def _legend(view: GeneratedPoints, look: Look) -> Row:
    dim = look.ink("dim")
    if view.what == "manifold":
        return joined(
            [
                (look.pick("·", "."), look.ink("text")),
                (" real  ", dim),
                (look.pick("█", "#"), look.ink("above")),
                (" the generator's sheet", dim),
            ]
        )
    if view.trail is not None:
        since = f" since step {view.steps[0]:,}" if len(view.steps) > 1 else ": nothing kept yet"
        return joined(
            [
                (look.pick("●", "+"), look.ink("above")),
                (" real  ", dim),
                (look.pick("◆", "o"), look.ink("below")),
                (" now  ", dim),
                (look.pick("·", "."), look.ink("below")),
                (f" path{since}", dim),
            ]
        )
    return joined(
        [
            (look.pick("●", "+"), look.ink("above")),
            (" real  ", dim),
            (look.pick("◆", "o"), look.ink("below")),
            (" made  ", dim),
            (look.pick("◈", "%"), look.ink("text")),
            (" both", dim),
        ]
    )


def _numbers(view: GeneratedPoints) -> str:
    found = [] if view.modes is None else [f"{view.modes.covered} of {view.modes.count} lumps"]
    return " · ".join([*found, f"KL {view.kl:.2f}", f"JS {view.js:.2f} bits"])


GENERATED_POINTS = Drawing(GeneratedPoints, draw)
