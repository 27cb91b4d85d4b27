"""Symbols that are seen, wanted and answered, one below the other."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.verdict import SIDE, draw_chances, draw_verdict
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined
from nnplay.views.kinds.tokens import Tokens


def draw(view: Tokens, width: int, height: int, look: Look) -> list[Row]:
    """What is seen, wanted and answered one below the other, wrong answers marked; one answer stands at the end.

    Where another sequence is wanted, that and the answer stand below all that is seen.
    """
    if len(view.true) == 1 < len(view.seen):
        true, predicted = " ".join(view.true), " ".join(view.predicted)
        rows = _draw_lines("seen", view.seen, [look.ink("text")] * len(view.seen), width, look)
        rows = rows[-max(1, height - 3) :]  # of a long one its end, which the answer follows
        rows += [(), draw_verdict(true, predicted, true == predicted, look)]
        return [*rows, *draw_chances(view.chances, true, width, max(0, height - len(rows)), look)]
    lines = _answers(view, look)
    wrong = sum(a != b for a, b in zip(view.true, view.predicted, strict=True))
    rows = [(("right ", look.ink("dim")), (f"{len(view.true) - wrong} of {len(view.true)}", look.ink("strong")))]
    plain = [look.ink("text")] * len(view.seen)
    cell = _cell((*view.seen, *view.true, *view.predicted))
    if len(view.true) == len(view.seen):
        lines = [("seen", view.seen, plain), *lines]
    else:
        rows += [(), *_draw_lines("seen", view.seen, plain, width, look)[-max(1, height - 6) :]]
        cell = _cell((*view.true, *view.predicted))
    per_line = _per_line(width, cell)
    blocks = max(1, (height - len(rows)) // (len(lines) + 1))
    starts = list(range(0, len(view.true), per_line))
    if len(starts) > blocks:  # of a long one its end
        starts = starts[-blocks:]
        rows[0] += ((f"   from position {starts[0] + 1:,}", look.ink("dim")),)
    for start in starts:
        part = slice(start, start + per_line)
        rows.append(())
        rows += [_draw_line(title, symbols[part], inks[part], cell, look) for title, symbols, inks in lines]
    return rows


def _answers(view: Tokens, look: Look) -> list[tuple[str, Sequence[str], Sequence[Style]]]:
    """What is wanted, what is answered and marks below wrong answers: titles, symbols and how they look."""
    wrong = [a != b for a, b in zip(view.true, view.predicted, strict=True)]
    marked = [look.ink("below" if bad else "text", bold=bad) for bad in wrong]
    marks = [look.pick("▲", "^") if bad else " " for bad in wrong]
    plain = [look.ink("text")] * len(wrong)
    return [("true", view.true, plain), ("predicted", view.predicted, marked), ("", marks, marked)]


def _cell(symbols: Sequence[str]) -> int:
    """Columns that a symbol takes: letters stand close together as in a text, longer names have a space between."""
    longest = max((cell_len(clean(symbol)) for symbol in symbols), default=1)
    return 1 if longest == 1 and len(set(symbols)) > 10 else longest + 1


def _per_line(width: int, cell: int) -> int:
    return max(1, (width - SIDE) // cell)


def _draw_line(title: str, symbols: Sequence[str], inks: Sequence[Style], cell: int, look: Look) -> Row:
    runs: list[Run] = [(fit(title, SIDE), look.ink("dim"))]
    runs += [(fit(clean(symbol), cell), ink) for symbol, ink in zip(symbols, inks, strict=True)]
    return joined(runs)


def _draw_lines(title: str, symbols: Sequence[str], inks: Sequence[Style], width: int, look: Look) -> list[Row]:
    cell = _cell(symbols)
    step = _per_line(width, cell)
    return [
        _draw_line(title if start == 0 else "", symbols[start : start + step], inks[start : start + step], cell, look)
        for start in range(0, len(symbols), step)
    ]


TOKENS = Drawing(Tokens, draw)
