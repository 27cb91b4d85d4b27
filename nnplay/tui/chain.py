"""A network too large for a graph: the chain of its layers with shapes and sizes, the middle folded away."""

from __future__ import annotations

from rich.style import Style

from nnplay.tui import fixed
from nnplay.tui.cells import Row, fit, joined
from nnplay.tui.contract import Ledger
from nnplay.tui.look import Look


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
            (fit(text, max(10, min(22, width - 26))), style),
            (fit(shape, 14), look.ink("dim")),
            (fixed.short(parameters, 8) if parameters else " " * 8, look.ink("dim")),
            ("  " + bar, look.ink("accent")),
        ]
    )
