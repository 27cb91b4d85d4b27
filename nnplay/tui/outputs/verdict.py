"""What is wanted and what is answered in words, and how sure the network is as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nnplay.text import clean, percent
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined
from nnplay.views.chances import Chance

SIDE = 10
"""Columns for the names at the left."""


def draw_verdict(true: str, predicted: str, right: bool, look: Look) -> Row:
    """What is wanted, what is answered, and whether that is the same."""
    mark = look.pick("✓ ", "= ") if right else look.pick("✗ ", "! ")
    ink = look.ink("text" if right else "below", bold=not right)
    wanted: list[Run] = [("true ", look.ink("dim")), (clean(true, 24) + "  ", look.ink("strong"))] if true else []
    return joined([*wanted, ("predicted ", look.ink("dim")), (mark if not right else "", ink), (clean(predicted), ink)])


def draw_chances(found: Sequence[Chance], true: str, width: int, room: int, look: Look) -> list[Row]:
    """A bar for each of the likeliest classes; the true one stands out."""
    rows: list[Row] = []
    bar = max(4, width - SIDE - 8)
    for name, chance in found[:room]:
        full = round(chance * bar) if math.isfinite(chance) else 0
        ink = look.ink("accent" if name == true else "dim")
        rows.append(
            joined(
                [
                    (fit(clean(name), SIDE) + " ", look.ink("strong" if name == true else "text")),
                    (look.pick("█", "#") * full, ink),
                    (" " * (bar - full), ink),
                    (percent(chance).rjust(6), look.ink("dim")),
                ]
            )
        )
    return rows
