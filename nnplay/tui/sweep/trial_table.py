"""The trials of a sweep as a table with a cursor, sorted by any column."""

from __future__ import annotations

from typing import Final

from nnplay.sweeps.board import TRAINED
from nnplay.tui.sweep.place import Place, short_name
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined

_NARROW, _WIDEST = 9, 16
#: Columns that are left out first where there is no room.
_LAST: Final = ("parameters", "seconds", TRAINED, "loss")


def draw(place: Place, width: int, height: int, look: Look) -> list[Row]:
    """Heads, and as many trials as there is room for, the chosen one among them."""
    wide = shown_columns(place, width)
    heads: list[Run] = [("    ", look.ink("dim"))]
    for name, room in wide.items():
        sorts = name == place.sort
        sign = look.pick("▾" if place.falling else "▲", "v" if place.falling else "^") if sorts else ""
        ink = look.ink("accent", bold=True) if sorts else look.ink("dim")
        heads.append((f"  {sign + fit(short_name(name), room - len(sign)).strip():>{room}}", ink))
    top = first_row(place, height)
    best = set(place.best.tolist())
    rows: list[Row] = [joined(heads)]
    for position in range(top, min(len(place.rows), top + height - 1)):
        row = int(place.rows[position])
        here = row == place.row
        ink = look.ink("accent", bold=True) if here else look.ink("text" if row in best else "dim")
        sign = look.pick("▸", ">") if here else " "
        cells = "".join(f"  {fit(place.text(row, name), room).strip():>{room}}" for name, room in wide.items())
        rows.append(((f"{sign}  {look.pick('•', '*') if row in best else ' '}{cells}", ink),))
    return rows


def first_row(place: Place, height: int) -> int:
    """The sorted row at the top: the cursor stays in the middle, but for both ends."""
    seen = max(1, height - 1)
    return max(0, min(place.position - seen // 2, len(place.rows) - seen))


def shown_columns(place: Place, width: int) -> dict[str, int]:
    """The columns for which there is room, with their widths; what sorts is always among them."""
    wide = {name: min(max(_NARROW, len(short_name(name)) + 1), _WIDEST) for name in place.columns}
    wide["trial"] = 7
    never = {"trial", place.sort, place.goal}
    leaving = [*_LAST, *reversed([axis.name for axis in place.sweep.axes])]
    for name in leaving:
        if 4 + sum(room + 2 for room in wide.values()) <= width:
            break
        if name not in never:
            wide.pop(name, None)
    return wide
