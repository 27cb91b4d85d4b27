"""What parts count, as bars: from a middle to both sides where parts count against, else from the left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnplay.text import clean, figure
from nnplay.tui.outputs.field import Field
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, wrap

_NARROW = 50
"""In fewer columns a bar stands for the number, where there are details beside the names."""
_LONGEST = 24


def draw_shares(
    names: Sequence[str],
    details: Sequence[str],
    values: NDArray[np.float64],
    room: tuple[int, int],
    look: Look,
    *,
    signed: bool,
    spreads: Sequence[float] = (),
) -> list[Row]:
    """A line for each part, the largest first: its name, what it is, a bar, and the number.

    Args:
        details: shown beside the names; may be empty.
        room: columns and rows; what finds no room is counted in the last line.
        spreads: stands behind the number with ±, where given.
    """
    width, height = room
    order = _order(values)
    shown = order if len(order) <= height else order[: max(1, height - 1)]
    side = min(max(cell_len(clean(names[k])) for k in shown), _LONGEST, width // 3)
    inner = min(max((cell_len(details[k]) for k in shown), default=0) if details else 0, width // 3)
    numbers = [] if details and width < _NARROW else [_write(values[k], spreads[k] if spreads else None) for k in shown]
    behind = max(map(cell_len, numbers), default=0)
    bar = max(4, width - side - inner - behind - 3)
    largest = max((abs(float(values[k])) for k in shown if np.isfinite(values[k])), default=0.0) or 1.0
    rows: list[Row] = []
    for line, k in enumerate(shown):
        value = float(values[k])
        runs: list[Run] = [(fit(clean(names[k]), side) + " ", look.ink("text"))]
        runs += [(details[k][:inner].rjust(inner) + " ", look.ink("dim"))] if inner else []
        runs += _draw_bar(value / largest, bar, signed, look)
        number = " " + numbers[line].rjust(behind) if numbers else ""
        rows.append(joined([*runs, (number, look.ink("dim"))]))
    if len(shown) < len(order):
        rows.append(((fit(f"{len(order) - len(shown):,} more count less", width), look.ink("dim")),))
    return rows[:height]


def _order(values: NDArray[np.float64]) -> list[int]:
    """Numbers of the parts, the one that counts most first."""
    found: list[int] = np.argsort(-np.abs(np.nan_to_num(values)), kind="stable").tolist()
    return found


def place_shares(values: NDArray[np.float64], top: int, width: int, height: int) -> list[Field]:
    """The lines of `draw_shares` from row `top` on; an element is the number of a part."""
    order = _order(values)
    shown = order if len(order) <= height else order[: max(1, height - 1)]
    return [Field(top + line, 0, 1, width, (), (k,)) for line, k in enumerate(shown)]


def _write(value: float, spread: float | None) -> str:
    return figure(float(value)) + ("" if spread is None else f" ± {figure(spread, 2)}")


def draw_sentence(text: str, width: int, look: Look) -> list[Row]:
    """A sentence in as many lines as it needs."""
    return [((line, look.ink("dim")),) for line in wrap(clean(text), width)]


def _draw_bar(share: float, width: int, signed: bool, look: Look) -> list[Run]:
    """A bar of so many columns; to the left of its middle where the share is below zero."""
    share = min(1.0, max(-1.0, share)) if np.isfinite(share) else 0.0
    full, ink = look.pick("█", "#"), look.signed(share)
    if not signed:
        length = round(max(0.0, share) * width)
        return [(full * length, look.ink("accent")), (" " * (width - length), look.ink("dim"))]
    half = (width - 1) // 2
    length = round(abs(share) * half)
    left, right = (length, 0) if share < 0 else (0, length)
    axis = look.pick("│", "|")
    return [
        (" " * (half - left), look.ink("dim")),
        (full * left, ink),
        (axis, look.ink("faint")),
        (full * right, ink),
        (" " * (width - 1 - half - right), look.ink("dim")),
    ]
