"""The given letters, and what the network writes after them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from nnplay.data.corpus.vocabulary import PARAGRAPH
from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, joined
from nnplay.views.kinds.writing import Writing


def draw(view: Writing, width: int, height: int, look: Look) -> list[Row]:
    """The given letters, and what the network writes after them."""
    rows: list[Row] = [(("given: ", look.ink("dim")), ("what the network writes", look.ink("accent", bold=True))), ()]
    letters = [(letter, look.ink("dim")) for letter in clean(view.start, 2000)]
    letters += [(letter, look.ink("accent", bold=True)) for letter in clean(view.text, 2000)]
    lines = wrap(letters, width)
    shown = lines[-max(1, height - len(rows) - 2) :]  # of a long text its end, which is what the network writes
    return [
        *rows,
        *map(joined, shown),
        (),
        ((look.pick("¶", "P") + " stands for the end of a paragraph", look.ink("faint")),),
    ]


def wrap(letters: Sequence[Run], width: int) -> list[list[Run]]:
    """Lines of at most `width` cells: a new one after each paragraph, and between words where one is full."""
    lines: list[list[Run]] = [[]]
    for letter, ink in letters:
        lines[-1].append((letter, ink))
        if letter == PARAGRAPH:
            lines.append([])
        elif sum(cell_len(text) for text, _ in lines[-1]) > width:
            full = lines[-1]
            blank = max((place for place, (text, _) in enumerate(full[:-1]) if text == " "), default=len(full) - 2)
            lines[-1:] = [full[: blank + 1], full[blank + 1 :]]
    return [line for line in lines if line]


WRITING = Drawing(Writing, draw)
