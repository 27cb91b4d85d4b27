"""The given letters, and what the network writes after them."""

from __future__ import annotations

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, joined
from nnplay.views.kinds.writing import Writing


def draw(view: Writing, width: int, height: int, look: Look) -> list[Row]:
    """The given letters, and what the network writes after them."""
    rows: list[Row] = [(("given: ", look.ink("dim")), ("what the network writes", look.ink("accent", bold=True))), ()]
    letters = [(letter, look.ink("dim")) for letter in clean(view.start, 400)]
    letters += [(letter, look.ink("accent", bold=True)) for letter in clean(view.text, 400)]
    for start in range(0, len(letters), width):
        rows.append(joined(letters[start : start + width]))
    return [*rows, (), ((look.pick("¶", "P") + " stands for the end of a paragraph", look.ink("faint")),)]


WRITING = Drawing(Writing, draw)
