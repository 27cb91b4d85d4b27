"""The split as one bar, and how many rows of each class, or interval of a quantity, every part has."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from nnplay.data.profile.balance import Share, share_text
from nnplay.data.profile.profile import PARTS
from nnplay.text import counted, percent
from nnplay.tui.data_browser.place import Place
from nnplay.tui.data_browser.views.data_view import DataView
from nnplay.tui.draw.bars import bar, parts
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined

_NAME, _CELL = 20, 17


def draw_classes(place: Place, width: int, height: int, look: Look) -> Sequence[Row]:
    """The parts, then a line for each class with a bar for every part where there is room."""
    profile = place.profile
    balance = place.balance
    rows: list[Row] = [(), joined([(" ", look.ink("dim")), *parts(profile.part_rows, width - 2, look)])]
    rows += [((fit(f" {line}", width), look.ink("dim")),) for line in _legend(profile.part_rows, width, look)]
    used = [part for part in range(3) if balance.totals[part]]
    name = min(_NAME, max(8, *(cell_len(share.name) for share in balance.shares)))
    heading = "".join(f"{PARTS[part]:>{_CELL}}" for part in used)
    rows += [(), ((fit(f" {balance.heading}", width), look.ink("accent", bold=True)),)]
    rows.append(((fit(f" {fit('', name)}{heading}", width), look.ink("dim")),))
    place.total = len(balance.shares)
    room = max(1, height - len(rows))
    top = place.lines.follow(place.line, room, len(balance.shares))
    place.page, place.row_spots = room, [*[None] * len(rows), *range(top, min(place.total, top + room))]
    place.column_spots = []
    most = max(1, *(sum(share.rows) for share in balance.shares))
    for number, share in enumerate(balance.shares[top : top + room], top):
        rows.append(_line(share, balance.totals, used, most, name, width, number == place.line, look))
    return rows


def _legend(rows: tuple[int, int, int], width: int, look: Look) -> list[str]:
    whole = max(1, sum(rows))
    signs = "#=." if look.ascii else "█▓░"
    words = [
        f"{sign} {counted(count, f'{part} row')} ({percent(count / whole)})"
        for sign, count, part in zip(signs, rows, PARTS, strict=True)
        if count
    ]
    line = "   ".join(words)
    return [line] if cell_len(line) < width else words


def _line(
    share: Share,
    totals: tuple[int, int, int],
    used: Sequence[int],
    most: int,
    name: int,
    width: int,
    here: bool,
    look: Look,
) -> Row:
    runs: list[Run] = [(f" {fit(share.name, name)}", look.ink("accent" if here else "text", bold=here))]
    for part in used:
        count = f"{share.rows[part]:,} {share_text(share.rows[part], totals[part]):>6}"
        runs.append((f"{count:>{_CELL}}", look.ink("text")))
    room = width - 3 - name - _CELL * len(used)
    if room >= 8:
        runs += [("  ", look.ink("dim")), *bar(sum(share.rows) / most, min(room - 1, 40), look)]
    return joined(runs)


CLASSES = DataView("classes and split", lambda profile: True, draw_classes, "line", "batch")
