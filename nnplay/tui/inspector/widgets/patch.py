"""The window that a convolution sees, the kernel on it and their products, side by side at full size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnplay.inspector.window_patch import WindowPatch
from nnplay.text import counted
from nnplay.tui.theme.look import Ink, Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined

_WIDTHS = (8, 7, 6)
"""Columns of a number, the roomiest first."""


def rows_of(patch: WindowPatch, width: int, height: int, look: Look) -> list[Row]:
    """As many channels as there is room for, the one that gives most first; nothing where not even one has room."""
    tall, wide, channels = patch.seen.shape
    cell = next((cell for cell in _WIDTHS if 3 * (wide * cell + 3) <= width), None)
    if cell is None or height < tall + 2:
        return []
    count = min(channels, (height - 1) // (tall + 1))
    told = f"the window, the kernel of filter {patch.filter}, and their products"
    more = "" if count == channels else f" ({count} of {counted(channels, 'channel')}, those that give most)"
    rows: list[Row] = [((fit(told + more, width), look.ink("dim")),)]
    for channel in patch.order[:count]:
        rows += _channel(patch, channel, cell, look)
    return rows


def _channel(patch: WindowPatch, channel: int, cell: int, look: Look) -> list[Row]:
    seen, kernel = patch.seen[..., channel], patch.kernel[..., channel]
    products = seen * kernel
    times = look.pick("×", "*")
    rows = []
    for y in range(len(seen)):
        middle = y == len(seen) // 2
        signs = (f" {times} ", " = ") if middle else ("   ", "   ")
        runs: list[Run] = [*_line(seen[y], cell, look), (signs[0], look.ink("dim"))]
        runs += [*_line(kernel[y], cell, look), (signs[1], look.ink("dim")), *_line(products[y], cell, look)]
        rows.append(joined(runs))
    total = f"channel {channel}: sum of the products {products.sum():.6g}"
    return [*rows, ((total, look.ink("text")),)]


def _line(values: NDArray[np.float64], cell: int, look: Look) -> list[Run]:
    return [(_number(value, cell), look.ink(_ink(value))) for value in values.tolist()]


def _number(value: float, cell: int) -> str:
    """With as many digits as there is room for, behind a blank."""
    texts = (f"{value:.{digits}g}" for digits in (4, 3, 2, 1))
    return next((text for text in texts if len(text) < cell), "…").rjust(cell)


def _ink(value: float) -> Ink:
    return "dim" if value == 0 else "above" if value > 0 else "below"
