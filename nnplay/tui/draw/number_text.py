"""Numbers as text of fixed width, so that nothing on the screen jumps while they change."""

from __future__ import annotations

import math

from nnplay.text import percent as percent_text
from nnplay.tui.widgets.cells import fit


def loss(value: float, width: int = 7) -> str:
    """A loss in `width` columns: two significant digits or more, exponents for the very large and very small.

    Only zero is shown as 0.
    """
    if value == 0:
        return "0".rjust(width)
    if math.isnan(value):
        return "nan".rjust(width)
    if math.isinf(value):
        return ("∞" if value > 0 else "-∞").rjust(width)
    size = abs(value)
    if size >= 9_999.5 or size < 0.001:
        return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e").rjust(width)
    digits = 4 if size < 10 else max(0, 4 - len(str(int(size))) + 1)
    return f"{value:.{digits}f}".rjust(width)


def count(value: int, width: int = 0) -> str:
    """A whole number with thousands separated: `2,745`."""
    return f"{value:,}".rjust(width)


def short(value: float, width: int = 6) -> str:
    """A large number in thousands, millions or billions: ` 612 k`, `1.24 M`."""
    if not math.isfinite(value):
        return "–".rjust(width)
    size, letter = abs(value), ""
    for letter in ("", "k", "M", "G", "T"):
        if size < 999.5 or letter == "T":
            break
        size /= 1000
    digits = 0 if size >= 99.5 or (letter == "" and size == int(size)) else 1 if size >= 9.95 else 2
    sign = "-" if value < 0 else ""
    return f"{sign}{size:.{digits}f}{' ' + letter if letter else ''}".rjust(width)


def shape(text: str, width: int) -> str:
    """A change of shape in `width` columns: `28×28×1→28×28×6`, or only what comes out where both find no room."""
    _, arrow, out = text.partition("→")
    return fit(text if len(text) <= width or not arrow else arrow + out, width)


def percent(fraction: float, width: int = 7) -> str:
    """A share of one as per cent: ` 98.4 %`; a dash where there is none."""
    if not math.isfinite(fraction):
        return "–".rjust(width)
    return percent_text(fraction, 1).rjust(width)


def duration(seconds: float) -> str:
    """Seconds as a learner would say them: `0.4 s`, `75 s`, `12 min 05 s`, `3 h 20 min`."""
    if not math.isfinite(seconds) or seconds < 0:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def size(number_of_bytes: float) -> str:
    """Bytes with a binary unit: `0.5 KiB`."""
    value = float(number_of_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
