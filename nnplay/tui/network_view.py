"""The network on the screen: a picture per neuron, lines for weights; or the chain of layers where it is too large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.cells import cell_len
from rich.style import Style

from nnplay.tui import fixed
from nnplay.tui.blocks import quantised, resized
from nnplay.tui.cells import PLAIN, Cells, Row, Run, fit, joined
from nnplay.tui.contract import Floats, Ledger
from nnplay.tui.graph import Column, Place, columns, places
from nnplay.tui.links import Links
from nnplay.tui.look import Look

_MOST_NAMES = 8


class NetworkView(Cells):
    """Draws a ledger with the weights and neuron pictures of a snapshot."""

    def __init__(self) -> None:
        super().__init__()
        self._ledger: Ledger | None = None
        self._weights: Mapping[str, Floats] = {}
        self._pictures: Mapping[tuple[int, int], Floats] = {}

    def show(self, ledger: Ledger, weights: Mapping[str, Floats], pictures: Mapping[tuple[int, int], Floats]) -> None:
        """Draw this network."""
        self._ledger, self._weights, self._pictures = ledger, weights, pictures
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The graph with a heading row and a row that counts what found no room, or the chain of layers."""
        if self._ledger is None:
            return ()
        ranks = columns(self._ledger, self._weights, self._pictures)
        room = width - sum(_margins(ranks)) if ranks else 0
        if ranks and room >= 7 * len(ranks) and height >= 6:
            return _graph(ranks, self._pictures, width, height, self.look)
        return chain(self._ledger, width, height, self.look)


def _graph(
    ranks: list[Column], pictures: Mapping[tuple[int, int], Floats], width: int, height: int, look: Look
) -> list[Row]:
    left, right = _margins(ranks)
    below = 1 if any(rank.count > max(1, (height - 1) // 2) for rank in ranks) else 0
    rows = height - 1 - below
    spots = places([rank.count for rank in ranks], width, rows, left, right)
    grid: dict[tuple[int, int], Run] = {}
    links = Links(look)
    for index in range(1, len(ranks)):
        weights = ranks[index].weights
        if weights is not None:
            links.connect(spots[index - 1], spots[index], weights)
    for key in links.cells:
        run = links.glyph(*key)
        if run is not None:
            grid[key] = run
    for rank, column in zip(ranks, spots, strict=True):
        for unit, place in enumerate(column):
            _stamp(grid, place, pictures.get((rank.pictures, unit)), look)
            _name(grid, rank, unit, place, width, look)
    body = [joined([grid.get((y, x), (" ", PLAIN)) for x in range(width)]) for y in range(rows)]
    return [_headings(ranks, spots, width, look), *body, *[_hidden(ranks, spots, width, look)] * below]


def _margins(ranks: list[Column]) -> tuple[int, int]:
    widest = [max((cell_len(name) for name in names), default=0) for names in (ranks[0].names, ranks[-1].names)]
    left, right = (min(_MOST_NAMES, width + 1) if width else 0 for width in widest)
    return max(1, left), right


def _stamp(grid: dict[tuple[int, int], Run], place: Place, picture: Floats | None, look: Look) -> None:
    row, cells = place.top // 2, (place.pixels + 1) // 2
    if picture is None:
        style = look.ink("dim")
        for x in range(place.width):
            grid[row + cells // 2 - (0 if cells % 2 else 1), place.left + x] = (
                look.pick("▪", "o") if x == place.width // 2 else " ",
                style,
            )
        return
    peak = float(np.nanmax(np.abs(picture))) or 1.0
    levels = quantised(resized(picture, place.pixels, place.width), -peak, peak)
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


def _name(grid: dict[tuple[int, int], Run], rank: Column, unit: int, place: Place, width: int, look: Look) -> None:
    if unit >= len(rank.names):
        return
    row = place.middle // 4
    text = fit(rank.names[unit], _MOST_NAMES - 1).rstrip()
    first = rank.weights is None
    start = place.left - len(text) - 1 if first else place.left + place.width + 1
    for offset, character in enumerate(text):
        if 0 <= start + offset < width:
            grid[row, start + offset] = (character, look.ink("text"))


def _headings(ranks: list[Column], spots: list[list[Place]], width: int, look: Look) -> Row:
    line = " " * width
    for index, (rank, column) in enumerate(zip(ranks, spots, strict=True)):
        left = column[0].left
        end = spots[index + 1][0].left - 1 if index + 1 < len(spots) else width
        start = max(0, left - 2) if index == 0 else left
        text = fit(rank.title if index else "in", max(2, end - start))
        line = line[:start] + text + line[start + len(text) :]
    return ((line[:width], look.ink("dim")),)


def _hidden(ranks: list[Column], spots: list[list[Place]], width: int, look: Look) -> Row:
    line = [" "] * width
    for rank, column in zip(ranks, spots, strict=True):
        missing = rank.count - len(column)
        if missing > 0:
            text = f"+{missing}"
            start = column[0].left
            line[start : start + len(text)] = list(text)
    return (("".join(line)[:width], look.ink("dim")),)


def chain(ledger: Ledger, width: int, height: int, look: Look) -> list[Row]:
    """The layers from input to output, one a row with its shape and its share of the parameters; long ones folded."""
    lines = list(ledger.lines)
    room = max(1, height - 2)
    fold = len(lines) > room
    head = lines[: room - room // 2 - 1] if fold else lines
    tail = lines[len(lines) - room // 2 :] if fold else []
    rows: list[Row] = [((look.pick("● ", "o ") + "input  " + ", ".join(ledger.inputs), look.ink("dim")),)]
    rows += [_block(line.text, line.shape, line.parameters, ledger.parameters, width, look) for line in head]
    if fold:
        rows.append(((f"  … {len(lines) - len(head) - len(tail)} layers folded", look.ink("dim")),))
        rows += [_block(line.text, line.shape, line.parameters, ledger.parameters, width, look) for line in tail]
    rows.append(((look.pick("● ", "o ") + "output " + ", ".join(ledger.outputs), look.ink("dim")),))
    return rows


def _block(text: str, shape: str, parameters: int, total: int, width: int, look: Look) -> Row:
    bar_width = max(0, width - 50)
    share = parameters / total if total else 0.0
    bar = look.pick("█", "#") * round(share * bar_width)
    style: Style = look.ink("text")
    return joined(
        [
            (look.pick("│ ", "| "), look.ink("faint")),
            (fit(text, 22), style),
            (fit(shape, 14), look.ink("dim")),
            (fixed.short(parameters, 8) if parameters else " " * 8, look.ink("dim")),
            ("  " + bar, look.ink("accent")),
        ]
    )
