"""What the line at the top calls a network: how many numbers go in, and the units of its layers."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.network.summary import Ledger, Line
from nnplay.tui.forms.folding import has_members
from nnplay.tui.theme.look import Look


def network_title(ledger: Ledger, look: Look) -> str:
    """Inputs and units of each layer that learns, as `2·8·2`; of networks side by side that are alike, `4 × 2·8·2`."""
    shape = ledger.inputs[0] if len(ledger.inputs) == 1 and "×" in ledger.inputs[0] else ""
    first = shape or str(len(ledger.inputs))
    lines, times = ledger.lines, ""
    if len(lines) == 1 and has_members(lines[0]) and len(set(map(_units, lines[0].parts))) == 1:
        times, lines = look.pick(f"{len(lines[0].parts)} × ", f"{len(lines[0].parts)} x "), lines[0].parts[0]
    return times + look.pick("·", "-").join((first, *_units(lines)))


def _units(lines: Sequence[Line]) -> tuple[str, ...]:
    return tuple(str(line.units) for line in lines if line.parameters)
