"""The graph of a small network: a picture per neuron, lines for weights, names of inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from rich.cells import cell_len

from nnplay.text import clean, note_cut
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.blocks import quantise, resize
from nnplay.tui.draw.graph import Column, Place, places
from nnplay.tui.draw.links import Line, Links
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import PLAIN, Row, Run, fit, graphemes, joined

_MOST_NAMES, _FEWER_NAMES = 16, 7
_RANK, _THIN_RANK = 9, 7
"""Columns that a rank and its lines take, and where its units are dots."""
_MOST_NAMED = 32
_PLANE = 2
"""Inputs up to which units are drawn as pictures of what they answer over them."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn graph: its rows, and where neurons and lines lie (row 0 of theirs is the second row drawn)."""

    rows: list[Row]
    spots: list[list[Place]]
    lines: list[Line]


def graph(
    ranks: list[Column],
    pictures: Mapping[tuple[int, int], Floats],
    width: int,
    height: int,
    look: Look,
    chosen: tuple[int, int] | None = None,
    source: int | None = None,
) -> Drawn:
    """The graph with a heading row and a row that counts what found no room.

    Args:
        chosen: column and unit whose links alone are drawn, and which is framed.
        source: unit of the column before whose link to the chosen one stands out.
    """
    left, right = margins(ranks, width)
    below = 1 if any(rank.count > max(1, (height - 1) // 2) for rank in ranks) else 0
    rows = height - 1 - below
    spots = places([rank.count for rank in ranks], width, rows, left, right)
    grid: dict[tuple[int, int], Run] = {}
    links = _links(ranks, spots, chosen, source, look)
    for key in links.cells:
        run = links.glyph(*key)
        if run is not None:
            grid[key] = run
    for index, (rank, column) in enumerate(zip(ranks, spots, strict=True)):
        for unit, place in enumerate(column):
            picture = pictures.get((rank.pictures, unit))
            if picture is None:
                _dot(grid, rank, unit, place, look)
            else:
                _stamp(grid, place, picture, look)
                _bias(grid, rank, unit, place, look)
            if chosen == (index, unit):
                _frame(grid, place, look)
        _write_names(grid, rank, column, width, look)
    body = [joined([grid.get((y, x), (" ", PLAIN)) for x in range(width)]) for y in range(rows)]
    shown = [_headings(ranks, spots, width, look), *body, *[_hidden(ranks, spots, width, look)] * below]
    return Drawn(shown, spots, links.lines)


def _links(
    ranks: list[Column], spots: list[list[Place]], chosen: tuple[int, int] | None, source: int | None, look: Look
) -> Links:
    links = Links(look)
    for index in range(1, len(ranks)):
        weights = ranks[index].weights
        if weights is None:
            continue
        if chosen is not None and chosen[0] in (index - 1, index):
            kept = np.zeros_like(weights)
            part = (chosen[1], slice(None)) if chosen[0] == index else (slice(None), chosen[1])
            kept[part] = weights[part]
            weights = kept
        elif chosen is not None:
            continue
        marked = (chosen[1], source) if chosen is not None and chosen[0] == index and source is not None else None
        links.connect(index, spots[index - 1], spots[index], weights, marked)
    return links


def _dot(grid: dict[tuple[int, int], Run], rank: Column, unit: int, place: Place, look: Look) -> None:
    """A unit without a picture: a dot in the colour of its bias's sign."""
    style = look.ink("dim") if rank.bias is None else look.signed(float(rank.bias[unit]))
    row, middle = place.middle // 4, place.left + place.width // 2
    for x in range(place.left, place.left + place.width):
        grid[row, x] = (look.pick("●", "o") if x == middle else " ", style)


def _bias(grid: dict[tuple[int, int], Run], rank: Column, unit: int, place: Place, look: Look) -> None:
    """A small mark at the lower left corner, as Playground has it: its colour is the bias's sign."""
    if rank.bias is not None and unit < len(rank.bias):
        row = place.top // 2 + (place.pixels + 1) // 2 - 1
        grid[row, place.left - 1] = (look.pick("▪", "."), look.signed(float(rank.bias[unit])))


def _frame(grid: dict[tuple[int, int], Run], place: Place, look: Look) -> None:
    ink = look.ink("accent", bold=True)
    for row in range(place.top // 2, place.top // 2 + (place.pixels + 1) // 2):
        grid[row, place.left - 1] = (look.pick("▐", "["), ink)
        grid[row, place.left + place.width] = (look.pick("▌", "]"), ink)


def margins(ranks: list[Column], width: int) -> tuple[int, int]:
    """Columns kept for the names of inputs and outputs: fewer where the graph would not fit otherwise."""
    widest = [max((cell_len(name) for name in _names(rank)), default=0) for rank in (ranks[0], ranks[-1])]
    left, right = (min(_MOST_NAMES, size + 1) if size else 0 for size in widest)
    spare = width - len(ranks) * (_THIN_RANK if ranks[0].count > _PLANE else _RANK)
    if left + right > spare:
        half = max(_FEWER_NAMES, spare // 2)
        left, right = min(left, max(half, spare - right)), min(right, max(half, spare - left))
    return max(1, left), right


def _names(rank: Column) -> tuple[str, ...]:
    """The names beside a column; the many pixels of a picture have none worth reading."""
    return rank.names if len(rank.names) <= _MOST_NAMED else ()


def _shortened(name: str, room: int) -> str:
    """A name that finds no room; of `city=Graz`, one input of several, the word that tells it from the others."""
    _, equals, word = name.partition("=")
    return equals + word if equals and word and cell_len(name) > room else name


def shorten_alike(names: tuple[str, ...], room: int) -> tuple[str, ...]:
    """Names in so many columns; where these are alike, without the end that all share and the middle of each.

    Of `sepal_length_cm`, `sepal_width_cm` and the like, seven columns show `sep…gth` and `sep…dth`.
    """
    plain = tuple(fit(name, room).rstrip() for name in names)
    if len(set(plain)) == len(set(names)):
        return plain
    endings = zip(*(reversed(name) for name in names), strict=False)
    shared = sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, endings))
    told = tuple(_without_middle(name[: len(name) - shared] or name, room) for name in names)
    return told if len(set(told)) > len(set(plain)) else plain


def _without_middle(name: str, room: int) -> str:
    letters = graphemes(name)
    if cell_len(name) <= room or room < 3:
        return fit(name, room).rstrip()
    tail = (room - 1) // 2
    note_cut(name)
    return fit("".join([*letters[: room - 1 - tail], "…", *letters[-tail:]]), room).rstrip()


def _stamp(grid: dict[tuple[int, int], Run], place: Place, picture: Floats, look: Look) -> None:
    row, cells = place.top // 2, (place.pixels + 1) // 2
    peak = float(np.abs(np.nan_to_num(picture)).max()) or 1.0
    levels = quantise(resize(picture, place.pixels, place.width), -peak, peak)
    colours = look.scale()
    for y in range(cells):
        for x in range(place.width):
            top = int(levels[2 * y, x])
            bottom = int(levels[2 * y + 1, x]) if 2 * y + 1 < place.pixels else None
            grid[row + y, place.left + x] = _pixel(top, bottom, colours, look)


def _pixel(top: int, bottom: int | None, colours: Sequence[str], look: Look) -> Run:
    if not look.blocks:
        share = (top + (top if bottom is None else bottom)) / (len(colours) - 1) - 1
        return look.glyph(share), look.signed(share)
    if bottom is None:
        return "▀", look.plain(colours[top])
    if top == bottom:
        return " ", look.plain(look.palette.text, colours[top])
    return "▀", look.plain(colours[top], colours[bottom])


def _write_names(grid: dict[tuple[int, int], Run], rank: Column, column: list[Place], width: int, look: Look) -> None:
    """The names of a rank's units: left of inputs, right of outputs."""
    names, first = _names(rank)[: len(column)], rank.weights is None
    if not names:
        return
    left, right = column[0].left, column[0].left + column[0].width
    room = min(_MOST_NAMES - 1, left - 1 if first else width - right - 1)
    shown = shorten_alike(tuple(_shortened(clean(name), room) for name in names), room)
    for text, place in zip(shown, column, strict=False):
        row, at = place.middle // 4, left - cell_len(text) - 1 if first else right + 1
        for letter in graphemes(text):
            grid[row, at] = (letter, look.ink("text"))
            for covered in range(at + 1, at + cell_len(letter)):
                grid[row, covered] = ("", PLAIN)
            at += max(1, cell_len(letter))


def _headings(ranks: list[Column], spots: list[list[Place]], width: int, look: Look) -> Row:
    line = " " * width
    for index, (rank, column) in enumerate(zip(ranks, spots, strict=True)):
        left = column[0].left
        end = spots[index + 1][0].left - 1 if index + 1 < len(spots) else width
        start = max(0, left - 2) if index == 0 else left
        text = _heading(rank.title if index else "in", max(2, end - start))
        line = line[:start] + text + line[start + len(text) :]
    return ((line[:width], look.ink("dim")),)


def _heading(title: str, width: int) -> str:
    """A layer's text; where it is too long for its column, without the word that most layers begin with."""
    return fit(title if cell_len(title) <= width else title.removeprefix("linear "), width)


def _hidden(ranks: list[Column], spots: list[list[Place]], width: int, look: Look) -> Row:
    line = [" "] * width
    for rank, column in zip(ranks, spots, strict=True):
        missing = rank.count - len(column)
        if missing > 0:
            text = f"+{missing}"
            start = column[0].left
            line[start : start + len(text)] = list(text)
    return (("".join(line)[:width], look.ink("dim")),)
