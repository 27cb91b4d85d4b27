"""What the parts of an input count: a picture beside it, bars for columns, colours behind symbols."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnplay.explain.explanation import Subject
from nnplay.explain.input_part import InputPart
from nnplay.text import clean, figure
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.field import Element, Field
from nnplay.tui.outputs.pictures import draw_tiles, place_tiles
from nnplay.tui.outputs.shares import draw_sentence, draw_shares, place_shares
from nnplay.tui.outputs.verdict import draw_verdict
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import Row, Run, fit, joined
from nnplay.views.attribution import Attribution
from nnplay.views.view import Shown

_LEVELS: Final = 12
_LEAST_BARS: Final = 4


def draw(view: Attribution, width: int, height: int, look: Look) -> list[Row]:
    """The verdict and what the numbers are, the parts, and the notes below them."""
    head, notes, room = _arrange(view, width, height, look)
    return [*head, *_draw_parts(view, width, room, look), *notes][:height]


def _arrange(view: Attribution, width: int, height: int, look: Look) -> tuple[list[Row], list[Row], int]:
    """What stands above and below the parts, and how many rows are left for them."""
    head: list[Row] = []
    if view.predicted:
        head.append(draw_verdict(view.true, view.predicted, view.true == view.predicted, look))
    head += draw_sentence(view.head, width, look)
    notes = [row for note in view.notes for row in draw_sentence(note, width, look)]
    notes = notes[: max(0, height - len(head) - _LEAST_BARS)]
    return head, notes, max(1, height - len(head) - len(notes))


def _draw_parts(view: Attribution, width: int, height: int, look: Look) -> list[Row]:
    if view.picture is not None:
        signed = ("what counts",) if view.signed else ()
        legend = _draw_legend(view, width, look)
        return [*draw_tiles(_tiles(view, view.picture), width, height - 1, look, signed=signed), legend]
    if view.details:
        return draw_shares(view.names, view.details, view.values, (width, height), look, signed=view.signed)
    text, left = _cut_symbols(view, width, height, look)
    if left < _LEAST_BARS:
        return text
    blank = look.pick("␣", "_")
    names = [f"{k} {name if name.strip() else blank}" for k, name in enumerate(view.names)]
    return [*text, (), *draw_shares(names, (), view.values, (width, left), look, signed=view.signed)]


def _tiles(view: Attribution, image: NDArray[Any]) -> list[tuple[str, NDArray[Any]]]:
    return [("input", image), ("what counts", view.values)]


def _cut_symbols(view: Attribution, width: int, height: int, look: Look) -> tuple[list[Row], int]:
    """The lines of symbols, the last ones of many, and the rows that are left for bars."""
    text = _draw_symbols(view, width, look)[-max(1, height - 1) :]
    return text, height - len(text) - 1


def place_parts(view: Attribution, width: int, height: int, look: Look) -> list[Field]:
    """Pixels in both pictures, or the bars of columns and symbols, whose numbers are those of elements."""
    head, _, room = _arrange(view, width, height, look)
    if view.picture is not None:
        return place_tiles(_tiles(view, view.picture), width, room - 1, len(head))
    if view.details:
        return place_shares(view.values, len(head), width, room)
    text, left = _cut_symbols(view, width, room, look)
    return place_shares(view.values, len(head) + len(text) + 1, width, left) if left >= _LEAST_BARS else []


def start_part(view: Attribution) -> Element:
    """The part that counts most."""
    sizes = np.abs(np.nan_to_num(view.values, nan=0.0, posinf=0.0, neginf=0.0))
    place = tuple(int(at) for at in np.unravel_index(int(sizes.argmax()), sizes.shape))
    return (1, *place) if view.picture is not None else place


def tell_part(view: Attribution, element: Element) -> str:
    """Where the part is, and what it counts."""
    if view.picture is None:
        (k,) = element
        name = view.names[k] if view.details else f"{k} {view.names[k]}"
        return f"{clean(name, 24)}: {figure(float(view.values[k]))}"
    return f"pixel ({element[1]}, {element[2]}): {figure(float(view.values[element[1:]]))}"


def explain_part(view: Attribution, element: Element | None, shown: Shown) -> Subject:
    """The part under the cursor, else the one that counts most."""
    chosen = element or start_part(view)
    answer = shown.place if shown.place_noun == "answer" else 0
    return InputPart(shown.item, answer, chosen[1:] if view.picture is not None else chosen)


def _draw_legend(view: Attribution, width: int, look: Look) -> Row:
    """What the colours of the picture stand for."""
    largest = float(np.abs(np.nan_to_num(view.values)).max(initial=0.0))
    if not view.signed:
        return ((fit(f"bright: counts most, {figure(largest)}", width), look.ink("dim")),)
    most, least = (figure(max(0.0, float(np.nanmax(values)))) for values in (view.values, -view.values))
    return joined(
        [
            (look.pick("■ for", "+ for"), look.ink("above")),
            (f" {most}  ", look.ink("dim")),
            (look.pick("■ against", "o against"), look.ink("below")),
            (f" {least}", look.ink("dim")),
        ]
    )


def _draw_symbols(view: Attribution, width: int, look: Look) -> list[Row]:
    """The symbols in lines, the ground of each as strong as what it counts."""
    names = [clean(name) for name in view.names]
    letters = max(map(cell_len, names), default=1) == 1 and len(set(names)) > 10
    largest = float(np.abs(np.nan_to_num(view.values)).max(initial=0.0)) or 1.0
    rows: list[Row] = []
    line: list[Run] = []
    used = 0
    for name, value in zip(names, np.nan_to_num(view.values).tolist(), strict=True):
        cell = name if letters else f" {name} "
        if line and used + cell_len(cell) > width:
            rows.append(joined(line))
            line, used = [], 0
        line.append(_draw_symbol(cell, value / largest, look))
        used += cell_len(cell)
    return [*rows, joined(line)]


def _draw_symbol(cell: str, share: float, look: Look) -> Run:
    if not look.blocks:
        return cell, look.ink("above" if share >= 0 else "below", bold=abs(share) > 0.5)
    palette = look.palette
    level = round(abs(share) * _LEVELS) / _LEVELS
    ground = blend(palette.background, palette.positive if share >= 0 else palette.negative, level)
    return cell, look.plain(palette.text, ground)


ATTRIBUTION = Drawing(Attribution, draw, subject=explain_part, fields=place_parts, start=start_part, tell=tell_part)
