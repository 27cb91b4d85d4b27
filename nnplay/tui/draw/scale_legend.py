"""What the colours of a map stand for: the scale with a number at each of its ends."""

from __future__ import annotations

from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, row_width

_STEPS = 8


def head_line(text: str, peak: float, width: int, look: Look) -> Row:
    """A line above a map: what it shows, and the scale from -peak to peak at the right, if there is room for both."""
    legend = signed_legend(peak, look)
    spare = width - row_width(legend)
    if spare <= len(text):
        return ((fit(text, width), look.ink("dim")),)
    return joined([(fit(text, spare), look.ink("dim")), *legend])


def signed_legend(peak: float, look: Look) -> Row:
    """The scale from -peak to peak."""
    return scale_legend(f"{-peak:.3g}", f"{peak:.3g}", -1.0, look)


def scale_legend(low: str, high: str, start: float, look: Look) -> Row:
    """The scale from one end to the other, each with its words.

    Args:
        start: where on the signed scale it begins: -1 for all of it, 0 for its upper half.
    """
    shares = [start + (1 - start) * step / (_STEPS - 1) for step in range(_STEPS)]
    return joined(
        [(f"{low} ", look.ink("dim")), *(_cell(share, look) for share in shares), (f" {high}", look.ink("dim"))]
    )


def _cell(share: float, look: Look) -> Run:
    if not look.blocks:
        return look.glyph(share), look.signed(share)
    colours = look.scale()
    return " ", look.plain(look.palette.text, colours[round((share + 1) / 2 * (len(colours) - 1))])
