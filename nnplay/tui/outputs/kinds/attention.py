"""One map for each head of attention, with what stands at each step on both of its axes."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len

from nnplay.explain.attention_weight import AttentionWeight
from nnplay.explain.explanation import Subject
from nnplay.text import clean, percent
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.field import Element, Field
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import PLAIN, Row, Run, fit, joined
from nnplay.views.kinds.attention import Attention
from nnplay.views.view import Shown

_SHADES: Final = " .:-=+*#%@"
_LEVELS: Final = 12
_LONGEST: Final = 6
_GAP: Final = 2
_WIDEST: Final = 3


def draw(view: Attention, width: int, height: int, look: Look) -> list[Row]:
    """As many heads as there is room for; of a long sequence its end, to which the answer is nearest."""
    names, seen = ([clean(name, 24) for name in steps] for steps in (view.steps, view.seen or view.steps))
    side, count, columns, cell, across, lines = _lay_out(view, width, height)
    shown = view.heads[: across * lines]
    lead = "rows attend to columns"
    if len(shown) < len(view.heads):
        lead += f" · {len(shown)} of {len(view.heads)}, f: more"
    if count < len(names):
        lead += f" · the last {count} of {len(names)} steps"
    if view.seen and columns < len(seen):
        lead += f" · at the last {columns} of {len(seen)}"
    rows: list[Row] = [((fit(lead, width), look.ink("dim")),)]
    for start in range(0, len(shown), across):
        maps = [
            _draw_head(title, weights[-count:, -columns:], (names[-count:], seen[-columns:]), side, cell, look)
            for title, weights in shown[start : start + across]
        ]
        rows += [joined([run for lines in maps for run in (*lines[y], (" " * _GAP, PLAIN))]) for y in range(count + 2)]
        rows.append(())
    return rows[:height]


def _lay_out(view: Attention, width: int, height: int) -> tuple[int, int, int, int, int, int]:
    """Columns of names; steps down and across; columns of one step; maps beside each other, and lines of them."""
    seen = view.seen or view.steps
    side = min(_LONGEST, max(cell_len(clean(name, 24)) for name in view.steps))
    count, columns = max(1, min(len(view.steps), height - 3)), max(1, min(len(seen), width - side - 1))
    if not view.seen:
        count = columns = min(count, columns)
    lines = max(1, max(1, height - 1) // (count + 3))  # of maps, each with its title, its heading and a gap
    return side, count, columns, *_arrange(len(view.heads), columns, side, width, lines), lines


def place_weights(view: Attention, width: int, height: int, look: Look) -> list[Field]:
    """An element is a head and the two steps; a cell or more each."""
    side, count, columns, cell, across, lines = _lay_out(view, width, height)
    first = len(view.steps) - count, len(view.seen or view.steps) - columns
    found: list[Field] = []
    for number in range(min(len(view.heads), across * lines)):
        top = 1 + number // across * (count + 3) + 2
        left = number % across * (side + 1 + columns * cell + _GAP) + side + 1
        found += [
            Field(top + y, left + x * cell, 1, cell, (), (number, first[0] + y, first[1] + x))
            for y in range(count)
            for x in range(columns)
        ]
    return found


def tell_weight(view: Attention, element: Element) -> str:
    """Who attends to whom, and how much."""
    head, row, column = element
    name, weights = view.heads[head]
    return f"{name}: {row} to {column}: {percent(float(weights[row, column]), 1)}"


def explain_weight(view: Attention, element: Element | None, shown: Shown) -> Subject | None:
    """The weight under the cursor."""
    return None if element is None else AttentionWeight(shown.item, shown.place, (element[0], element[1], element[2]))


def _arrange(heads: int, count: int, side: int, width: int, lines: int) -> tuple[int, int]:
    """Columns of one step, and maps beside each other: as many as are needed, then as wide as they can be."""

    def fitting(cell: int) -> int:
        return max(1, (width + _GAP) // (side + 1 + count * cell + _GAP))

    needed = -(-heads // lines)
    cell = next((cell for cell in range(_WIDEST, 1, -1) if fitting(cell) >= needed), 1)
    cell = cell if side + 1 + count * cell <= width else 1
    return cell, min(needed, fitting(cell))


def _draw_head(
    title: str, weights: Floats, steps: tuple[list[str], list[str]], side: int, cell: int, look: Look
) -> list[Row]:
    """Title, what is looked at, and a row for each step that looks; all of the same width."""
    names, seen = steps
    wide = side + 1 + len(seen) * cell
    heading = "".join(fit(_short(name, cell), cell) for name in seen)
    rows: list[Row] = [
        ((fit(title, wide), look.ink("text")),),
        ((" " * (side + 1) + heading, look.ink("dim")),),
    ]
    for name, row in zip(names, weights.tolist(), strict=True):
        runs: list[Run] = [(fit(name, side).rjust(side) + " ", look.ink("dim"))]
        runs += [_draw_weight(weight, cell, look) for weight in row]
        rows.append(joined(runs))
    return rows


def _short(name: str, cell: int) -> str:
    """A name for a column: its first letter where there is room for one only."""
    return name if cell_len(name) <= cell else name[:1] if cell_len(name[:1]) <= cell else ""


def _draw_weight(weight: float, cell: int, look: Look) -> Run:
    share = min(1.0, max(0.0, weight)) if weight == weight else 0.0
    if not look.blocks:
        return _SHADES[min(len(_SHADES) - 1, round(share * (len(_SHADES) - 1)))] * cell, look.ink("above")
    level = round(share * _LEVELS) / _LEVELS
    colour = blend(look.palette.raised, look.palette.above, level)
    return " " * cell, look.plain(look.palette.text, colour)


ATTENTION = Drawing(Attention, draw, subject=explain_weight, fields=place_weights, tell=tell_weight)
