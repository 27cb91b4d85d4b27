"""The trials of a sweep as a table with a cursor, sorted by any column."""

from __future__ import annotations

from typing import Final

from nnplay.sweeps.board import TRAINED
from nnplay.tui.sweep.view_state import ViewState, short_name
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined

_NARROW, _WIDEST = 9, 16
#: Columns that are left out first where there is no room.
_LAST: Final = ("parameters", "seconds", TRAINED, "loss")


def draw(state: ViewState, width: int, height: int, look: Look) -> list[Row]:
    """Heads, and as many trials as there is room for, the chosen one among them."""
    wide = shown_columns(state, width)
    heads: list[Run] = [("    ", look.ink("dim"))]
    for name, room in wide.items():
        sorts = name == state.sort
        sign = look.pick("▾" if state.descending else "▲", "v" if state.descending else "^") if sorts else ""
        ink = look.ink("accent", bold=True) if sorts else look.ink("dim")
        heads.append((f"  {sign + fit(short_name(name), room - len(sign)).strip():>{room}}", ink))
    top = first_row(state, height)
    best = set(state.best.tolist())
    rows: list[Row] = [joined(heads)]
    for position in range(top, min(len(state.rows), top + height - 1)):
        row = int(state.rows[position])
        here = row == state.row
        ink = look.ink("accent", bold=True) if here else look.ink("text" if row in best else "dim")
        sign = look.pick("▸", ">") if here else " "
        cells = "".join(f"  {fit(state.text(row, name), room).strip():>{room}}" for name, room in wide.items())
        rows.append(((f"{sign}  {look.pick('•', '*') if row in best else ' '}{cells}", ink),))
    return rows


def first_row(state: ViewState, height: int) -> int:
    """The sorted row at the top: the cursor stays in the middle, but for both ends."""
    seen = max(1, height - 1)
    return max(0, min(state.position - seen // 2, len(state.rows) - seen))


def shown_columns(state: ViewState, width: int) -> dict[str, int]:
    """The columns for which there is room, with their widths; what sorts is always among them."""
    wide = {name: min(max(_NARROW, len(short_name(name)) + 1), _WIDEST) for name in state.columns}
    wide["trial"] = 7
    never = {"trial", state.sort, state.goal}
    leaving = [*_LAST, *reversed([axis.name for axis in state.sweep.axes])]
    for name in leaving:
        if 4 + sum(room + 2 for room in wide.values()) <= width:
            break
        if name not in never:
            wide.pop(name, None)
    return wide
