"""A matrix of layers beside layers, the more alike the brighter."""

from __future__ import annotations

import math

from rich.cells import cell_len

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import Row, Run, fit, joined
from nnplay.views.kinds.similarity import Similarity

_SHADES = " .:-=+*#%@"
_LEVELS = 20
_SAME = 0.9995
_NAME, _SHORT, _WIDEST, _NUMBER = 20, 6, 8, 3


def draw(view: Similarity, width: int, height: int, look: Look) -> list[Row]:
    """The matrix with the names of both sides' layers; numbers in percent where cells are wide enough."""
    down, right = look.pick("↓", "down"), look.pick("→", "across")
    moment = clean(view.moment, 60)
    words = f"CKA in %: this step {down}, {moment} {right}"
    if view.problem:
        return [((fit(words, width), look.ink("dim")),), ((fit(clean(view.problem), width), look.ink("text")),)]
    side = max(1, min(_NAME, width // 3, max(len(name) for name in view.layers)))
    if width - side - 1 < _NUMBER * len(view.others):  # numbers say more than the ends of names
        side = max(min(side, _SHORT), min(side, width - 1 - _NUMBER * len(view.others)))
    cell = max(1, min(_WIDEST, (width - side - 1) // len(view.others)))
    heads = "".join(_short(name, cell) for name in view.others)
    if not moment:
        words = f"CKA in %, {'100' if cell > _NUMBER else '='}: alike but for a turn"
    rows: list[Row] = [((fit(text, width), look.ink("dim")),) for text in (words, view.words)]
    rows.append(((" " * (side + 1) + heads, look.ink("dim")),))
    for name, values in zip(view.layers, view.values.tolist(), strict=True):
        runs: list[Run] = [(fit(clean(name, 40), side) + " ", look.ink("text"))]
        runs += [_draw_cell(value, cell, look) for value in values]
        rows.append(joined(runs))
    return rows[:height]


def _short(name: str, cell: int) -> str:
    """A name for a column: the layer's path at the right, above the numbers, and a gap behind it if there is room."""
    path, room = clean(name, 40).split(" ")[0], max(1, cell - 1)
    return fit((path if cell_len(path) <= room else path[:room]).rjust(room), cell)


def _draw_cell(value: float, cell: int, look: Look) -> Run:
    if not math.isfinite(value):
        return look.pick("–", "-").rjust(cell), look.ink("faint")
    share = min(1.0, max(0.0, value))
    gap = " " if cell > _NUMBER else ""
    text = _number(share, cell - len(gap)) + gap if cell >= _NUMBER else " " * cell
    if not look.blocks:
        shade = _SHADES[round(share * (len(_SHADES) - 1))]
        return (text if cell >= _NUMBER else shade * cell), look.ink("above")
    ground = blend(look.palette.raised, look.palette.above, round(0.8 * share * _LEVELS) / _LEVELS)
    return text, look.plain(look.palette.text, ground)


def _number(share: float, room: int) -> str:
    """A share in per cent; all of it as "=" where 100 would touch the number before it."""
    text = f"{100 * share:.0f}"
    if len(text) < room or room > _NUMBER:
        return text.rjust(room)
    return ("=" if share > _SAME else "99").rjust(room)


SIMILARITY = Drawing(Similarity, draw)
