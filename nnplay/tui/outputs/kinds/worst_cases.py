"""The rows that are missed most, and one of them closely."""

from __future__ import annotations

from nnplay.text import clean, figure
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import draw_problem
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, wrap
from nnplay.views.kinds.worst_cases import UNUSUAL, Case, Odd, WorstCases

_LEAST_LIST = 3


def draw(view: WorstCases, width: int, height: int, look: Look) -> list[Row]:
    """A list around the case that is looked at, and below it what is unusual in it and what is like it."""
    if not view.cases:
        return draw_problem("none of the predictions is a finite number", width, look)
    why = _draw_why(view, width, look)
    why = why[: max(0, height - 1 - _LEAST_LIST)]
    room = max(1, height - 1 - len(why))
    first = min(max(0, view.at - room // 2), max(0, len(view.cases) - room))
    shown = range(first, min(len(view.cases), first + room))
    title = fit(f"missed most of {view.rows}", width)
    lines = [_draw_case(view.cases[number], number == view.at, width, look) for number in shown]
    return [((title, look.ink("dim")),), *lines, *why]


def _draw_case(case: Case, here: bool, width: int, look: Look) -> Row:
    answer = f"true {clean(case.true, 24)}, predicted {clean(case.predicted, 24)}: " if case.true else ""
    mark = look.pick("▸", ">") if here else " "
    text = f"{mark} row {case.row:,}  {answer}{case.how}{' (still right)' if case.right else ''}"
    return ((fit(text, width), look.ink("strong" if here else "dim" if case.right else "text")),)


def _draw_why(view: WorstCases, width: int, look: Look) -> list[Row]:
    """Sentences, and a line for each unusual input."""
    dim, text = look.ink("dim"), look.ink("text")
    rows: list[Row] = [()]
    if view.odd is not None:
        said = (
            f"unusual among {view.among}:"
            if view.odd
            else (f"no input is {UNUSUAL:g} deviations or more from those of {view.among}")
        )
        rows += [((line, dim),) for line in wrap(clean(said), width)]
        rows += [_draw_odd(odd, width, look) for odd in view.odd]
    if view.near:
        rows.append((("nearest training rows:", dim),))
        for near in view.near:
            target = f"{clean(near.target, 24)}, " if near.target else ""
            rows.append(((fit(f"  row {near.row:,}  {target}distance {figure(near.distance)}", width), text),))
    return rows if len(rows) > 1 else []


def _draw_odd(odd: Odd, width: int, look: Look) -> Row:
    """`worst area 1,650 (usually 558): +4.1 deviations`."""
    sign = "+" if odd.deviations > 0 else look.pick("−", "-")
    away = f"{sign}{abs(odd.deviations):.1f} σ" if not look.ascii else f"{sign}{abs(odd.deviations):.1f} sd"
    tail = f" {figure(odd.value)} (usually {figure(odd.usual)})"
    name = clean(odd.name, max(4, width - len(tail) - 12))
    return joined(
        [
            (away.rjust(9) + " ", look.ink("above" if odd.deviations > 0 else "below")),
            (name, look.ink("text")),
            (fit(tail, max(0, width - 10 - len(name))), look.ink("dim")),
        ]
    )


WORST_CASES = Drawing(WorstCases, draw)
