"""The rows that are missed most, and one of them closely."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.text import clean, figure
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import draw_facts, draw_problem
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, wrap
from nnplay.views.kinds.worst_cases import CHANCE, UNUSUAL, Case, Odd, WorstCases

_LEAST_LIST = 3
_ROOMY = 60
_SHORT_CHANCE = "p(true)"
_LONGEST_NAME = 24


def draw(view: WorstCases, width: int, height: int, look: Look) -> list[Row]:
    """A list around the case that is looked at, and below it what is unusual in it and what is like it."""
    if not view.cases:
        return draw_problem("none of the predictions is a finite number", width, look)
    near, odd = _draw_near(view, width, look), _draw_odds(view, width, look)
    spare = max(0, height - 2 - _LEAST_LIST)
    near = near[:spare]
    odd = odd[: spare - len(near)]
    room = max(1, height - 2 - len(near) - len(odd))
    first = min(max(0, view.at - room // 2), max(0, len(view.cases) - room))
    head, *lines = _draw_list(view, width, look)
    title = fit(f"worst of {view.rows}; {look.pick('✓', '=')} right", width)
    return [((title, look.ink("dim")),), head, *lines[first : first + room], *odd, *near]


def _draw_list(view: WorstCases, width: int, look: Look) -> list[Row]:
    """Headings, and a line for each case, in columns."""
    measure = _SHORT_CHANCE if view.measure == CHANCE and width < _ROOMY else view.measure
    cells = [("row", "true", "predicted", measure), *(_cells(case) for case in view.cases)]
    widths = [max(len(row[k]) for row in cells) for k in range(4)]
    rest = max(8, width - widths[0] - widths[3] - 8)
    if view.cases[0].true:
        widths[1] = min(widths[1], rest // 2)
        widths[2] = min(widths[2], rest - widths[1])
    else:
        widths[1] = widths[2] = 0
    rows: list[Row] = [((fit("  " + _line(cells[0], widths), width), look.ink("dim")),)]
    for number, case in enumerate(view.cases):
        mark = look.pick("▸", ">") if number == view.at else " "
        right = look.pick(" ✓", " =") if case.right else ""
        ink = look.ink("strong" if number == view.at else "dim" if case.right else "text")
        rows.append(((fit(f"{mark} {_line(cells[number + 1], widths)}{right}", width), ink),))
    return rows


def _cells(case: Case) -> tuple[str, str, str, str]:
    return f"{case.row:,}", clean(case.true, _LONGEST_NAME), clean(case.predicted, _LONGEST_NAME), clean(case.how)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    named = "".join(fit(text, size) + " " for text, size in zip(cells[1:3], widths[1:3], strict=True) if size)
    return f"{cells[0].rjust(widths[0])}  {named} {cells[3].rjust(widths[3])}"


def _draw_near(view: WorstCases, width: int, look: Look) -> list[Row]:
    """The training rows that are like the case."""
    found = []
    for near in view.near:
        target = f"{clean(near.target, _LONGEST_NAME)}, " if near.target else ""
        found.append((f"near: row {near.row:,}", f"{target}distance {figure(near.distance)}"))
    return draw_facts(found, width, look)


def _draw_odds(view: WorstCases, width: int, look: Look) -> list[Row]:
    """What is unusual in the case, a line for each input."""
    if view.odd is None:
        return []
    said = (
        f"unusual among {view.among}:"
        if view.odd
        else f"no input is {UNUSUAL:g} {look.pick('σ', 'sd')} or more from {view.among}"
    )
    heads: list[Row] = [((line, look.ink("dim")),) for line in wrap(clean(said), width)]
    return [*heads, *(_draw_odd(odd, width, look) for odd in view.odd)]


def _draw_odd(odd: Odd, width: int, look: Look) -> Row:
    """`+4.1 σ worst area 1,650 (usually 558)`."""
    away = f"{'+' if odd.deviations > 0 else look.pick('−', '-')}{abs(odd.deviations):.1f} {look.pick('σ', 'sd')}"
    tail = f" {figure(odd.value)} (usually {figure(odd.usual)})"
    name = clean(odd.name, max(4, width - len(tail) - len(away) - 3))
    return joined(
        [
            (f"  {away} ", look.ink("above" if odd.deviations > 0 else "below")),
            (name, look.ink("text")),
            (fit(tail, max(0, width - len(away) - 3 - len(name))), look.ink("dim")),
        ]
    )


WORST_CASES = Drawing(WorstCases, draw)
