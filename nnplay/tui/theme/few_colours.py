"""The theme where a terminal has 256 or 16 colours: each colour gives way to the nearest one that is there.

Rich rounds every channel of a colour by itself. That turns the dark blue-grey surfaces of the theme into pure navy, and
several of them into one black. Here colours are compared as a whole, by how different they look.
"""

from __future__ import annotations

import colorsys
import functools
from typing import Final

from nnplay.tui.theme.palette import Rgb, rgb

_STEPS: Final = (0, 95, 135, 175, 215, 255)
_GREYS: Final = tuple(8 + 10 * level for level in range(24))
_HUES: Final = ("red", "yellow", "green", "cyan", "blue", "magenta")
_GREY_NAMES: Final = ((0.2, "black"), (0.55, "bright_black"), (0.8, "white"))
_COLOURLESS, _BRIGHT = 0.16, 0.5


@functools.cache
def _of_256() -> tuple[tuple[int, Rgb], ...]:
    """Numbers and colours that are the same on all terminals: the cube of 216, and the greys behind it."""
    cube = ((r, g, b) for r in _STEPS for g in _STEPS for b in _STEPS)
    greys = ((grey, grey, grey) for grey in _GREYS)
    return tuple(enumerate((*cube, *greys), 16))


@functools.lru_cache(maxsize=1024)
def nearest_of_256(colour: str) -> int:
    """The number that stands for `#rrggbb` on a terminal of 256 colours."""
    return min(_of_256(), key=lambda known: _difference(known[1], rgb(colour)))[0]


@functools.lru_cache(maxsize=1024)
def shade_of_256(colour: str) -> str:
    """The same as a `#rrggbb` that Rich rounds to that number."""
    number = nearest_of_256(colour)
    grey = round(255 * (number - 231) / 25)
    return "#{:02x}{:02x}{:02x}".format(*((grey, grey, grey) if number > 231 else dict(_of_256())[number]))


def _difference(a: Rgb, b: Rgb) -> float:
    """How different two colours look, squared: a weighted distance that knows how the eye weighs red ("redmean")."""
    red, dr, dg, db = (a[0] + b[0]) / 2, a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return (2 + red / 256) * dr * dr + 4 * dg * dg + (2 + (255 - red) / 256) * db * db


@functools.lru_cache(maxsize=1024)
def nearest_of_16(colour: str) -> str:
    """The name that Rich has for the one of 16 colours that is nearest in hue; greys go by their lightness."""
    red, green, blue = (part / 255 for part in rgb(colour))
    hue, light, _ = colorsys.rgb_to_hls(red, green, blue)
    if max(red, green, blue) - min(red, green, blue) < _COLOURLESS:
        return next((name for limit, name in _GREY_NAMES if light < limit), "bright_white")
    name = _HUES[round(hue * 6) % 6]
    return f"bright_{name}" if light >= _BRIGHT else name
