"""Symbols where the first two directions of their vectors put them, by their names."""

from __future__ import annotations

from rich.cells import cell_len

from nnplay.text import clean, percent
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import PLAIN, Row, Run, fit, graphemes, joined
from nnplay.views.kinds.embedded import Embedded

_LONGEST = 12


def draw(view: Embedded, width: int, height: int, look: Look) -> list[Row]:
    """Names that would lie on others are left out, and counted; rare ones, with large numbers, go first."""
    rows = max(1, height - 1)
    grid: dict[tuple[int, int], str] = {}
    shown = 0
    columns, lines = _cells(view, width, rows)
    for name, x, y in zip(view.names, columns, lines, strict=True):
        word = fit(clean(name, 24), min(_LONGEST, max(1, cell_len(name)), width)).rstrip() or look.pick("␣", "_")
        left = min(x, width - cell_len(word))
        if any((y, at) in grid for at in range(left - 1, left + cell_len(word) + 1)):
            continue
        shown += 1
        _write(grid, word, left, y)
    text = f"{percent(view.shares[0])} →, {percent(view.shares[1])} ↑ of the variance"
    if shown < len(view.names):
        text = f"{shown} of {len(view.names)} · {text}"
    body = [joined([_run(grid.get((y, x)), look) for x in range(width)]) for y in range(rows)]
    return [((fit(text, width), look.ink("dim")),), *body][:height]


def _cells(view: Embedded, width: int, height: int) -> tuple[list[int], list[int]]:
    """Column and line of each point; both directions reach over the whole room."""
    low, high = view.places.min(axis=0), view.places.max(axis=0)
    share = (view.places - low) / [max(float(span), 1e-9) for span in high - low]
    columns = (share[:, 0] * (width - 1)).round().astype(int)
    lines = ((1 - share[:, 1]) * (height - 1)).round().astype(int)
    return columns.tolist(), lines.tolist()


def _write(grid: dict[tuple[int, int], str], word: str, left: int, y: int) -> None:
    at = left
    for letter in graphemes(word):
        grid[y, at] = letter
        for covered in range(at + 1, at + cell_len(letter)):
            grid[y, covered] = ""
        at += max(1, cell_len(letter))


def _run(letter: str | None, look: Look) -> Run:
    return (" ", PLAIN) if letter is None else (letter, look.ink("text"))


EMBEDDED = Drawing(Embedded, draw)
