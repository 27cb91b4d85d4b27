"""Small pictures of numbers in one row: sliders and bars, in eighths of a cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnplay.tui.theme.look import Ink, Look
from nnplay.tui.widgets.cells import Row

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_UPRIGHT = " ▁▂▃▄▅▆▇█"


def bar(share: float, width: int, look: Look) -> Row:
    """A bar of which `share` (0…1) is filled."""
    share = min(1.0, max(0.0, share)) if np.isfinite(share) else 0.0
    if look.ascii:
        full = round(share * width)
        return (("#" * full, look.ink("accent")), ("." * (width - full), look.ink("faint")))
    full, part = divmod(round(share * width * 8), 8)
    head = "█" * full + (_EIGHTHS[part] if part else "")
    return ((head, look.ink("accent")), ("·" * (width - len(head)), look.ink("faint")))


def slider(share: float, width: int, look: Look) -> Row:
    """A thin track with a knob at `share` (0…1)."""
    share = min(1.0, max(0.0, share)) if np.isfinite(share) else 0.0
    knob = round(share * (width - 1))
    return (
        (look.pick("━", "=") * knob, look.ink("accent")),
        (look.pick("●", "O"), look.ink("accent", bold=True)),
        (look.pick("─", "-") * (width - 1 - knob), look.ink("faint")),
    )


def parts(shares: Sequence[float], width: int, look: Look) -> Row:
    """One bar cut into parts with glyphs of falling density."""
    whole = sum(shares) or 1.0
    ends = [round(sum(shares[: index + 1]) / whole * width) for index in range(len(shares))]
    glyphs = "#=." if look.ascii else "█▓░"
    inks = [look.ink("accent"), look.ink("above"), look.ink("dim")]
    starts = [0, *ends[:-1]]
    pairs = zip(starts, ends, strict=True)
    return tuple((glyphs[i % 3] * (end - start), inks[i % 3]) for i, (start, end) in enumerate(pairs))


def upright(shares: Sequence[float], tall: int, look: Look, ink: Ink = "accent") -> list[Row]:
    """Bars beside each other, one column each, in `tall` rows; a share (0…1) above 0 is always to be seen."""
    eighths = [min(8 * tall, max(int(share > 0), round(share * 8 * tall))) if share == share else 0 for share in shares]
    glyphs = " ..::++##" if look.ascii else _UPRIGHT
    rows: list[Row] = []
    for row in range(tall):
        floor = 8 * (tall - 1 - row)
        rows.append((("".join(glyphs[min(8, max(0, filled - floor))] for filled in eighths), look.ink(ink)),))
    return rows
