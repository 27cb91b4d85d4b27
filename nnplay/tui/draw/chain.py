"""A network too large for a graph: the chain of its layers with shapes and sizes, blocks folded one by one."""

from __future__ import annotations

from collections.abc import Collection

from nnplay.network.edit_layers import Path
from nnplay.network.summary import Ledger
from nnplay.text import counted
from nnplay.tui.draw import number_text
from nnplay.tui.forms.folding import Item, items, title
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined


def chain(
    ledger: Ledger,
    width: int,
    height: int,
    look: Look,
    unfolded: Collection[Path] = (),
    cursor: int | None = None,
) -> list[Row]:
    """The layers from input to output, one a row with its shape and its share of the parameters.

    Args:
        unfolded: blocks whose layers are shown.
        cursor: the line that is pointed at; the rows around it are shown. Without it the middle is left out.
    """
    known = list(items(ledger.lines, unfolded))
    room = max(1, height - 2)
    rows: list[Row] = [((look.pick("● ", "o ") + "input  " + ", ".join(ledger.inputs), look.ink("dim")),)]
    if cursor is not None and len(known) > room:
        top = min(max(0, cursor - room // 2), len(known) - room)
        rows += _lines(known, range(top, top + room), ledger, width, look, unfolded, cursor)
        rows[0] = _left_out(top, look) if top else rows[0]
        if top + room < len(known):
            return [*rows, _left_out(len(known) - top - room, look)]
    elif len(known) > room:
        head, tail = room - room // 2 - 1, len(known) - room // 2
        rows += _lines(known, range(head), ledger, width, look, unfolded, None)
        rows.append(_left_out(tail - head, look))
        rows += _lines(known, range(tail, len(known)), ledger, width, look, unfolded, None)
    else:
        rows += _lines(known, range(len(known)), ledger, width, look, unfolded, cursor)
    rows.append(((look.pick("● ", "o ") + "output " + ", ".join(ledger.outputs), look.ink("dim")),))
    return rows


def _left_out(count: int, look: Look) -> Row:
    return ((f"  … {counted(count, 'more layer')}", look.ink("dim")),)


def _lines(
    known: list[Item],
    places: range,
    ledger: Ledger,
    width: int,
    look: Look,
    unfolded: Collection[Path],
    cursor: int | None,
) -> list[Row]:
    return [_line(known[place], ledger, width, look, unfolded, active=place == cursor) for place in places]


def _line(item: Item, ledger: Ledger, width: int, look: Look, unfolded: Collection[Path], *, active: bool) -> Row:
    line = item.line
    bar_width = max(0, width - 50)
    share = line.parameters / ledger.parameters if ledger.parameters else 0.0
    bar = look.pick("█", "#") * round(share * bar_width)
    lead = look.pick("▸ ", "> ") if active else look.pick("│ ", "| ")
    return joined(
        [
            (lead, look.ink("accent" if active else "faint")),
            (
                fit(title(item, unfolded, look), max(10, min(24, width - 26)) - 1) + " ",
                look.ink("accent" if active else "text", bold=active),
            ),
            (number_text.shape(line.shape, 14), look.ink("dim")),
            (number_text.short(line.parameters, 8) if line.parameters else " " * 8, look.ink("dim")),
            ("  " + bar, look.ink("accent")),
        ]
    )
