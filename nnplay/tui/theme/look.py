"""How things are drawn on this terminal: palette, number of colours, and whether only ASCII may be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

from rich.color import Color
from rich.style import Style

from nnplay.errors import unknown
from nnplay.tui.pixels.pixel_screen import ACROSS, DOWN, PixelScreen
from nnplay.tui.terminal.colours import Colours, colours
from nnplay.tui.terminal.colours import ascii_only as lacks_boxes
from nnplay.tui.theme.few_colours import nearest_of_16, shade_of_256
from nnplay.tui.theme.palette import DARK, LEVELS, LIGHT, Palette

Cells = Literal["half", "quadrant", "sextant"]
CELLS: tuple[Cells, ...] = get_args(Cells)
Ink = Literal["text", "dim", "faint", "accent", "warning", "error", "below", "above", "strong"]

_DARK_16: Mapping[Ink, str] = {
    "text": "bright_white",
    "dim": "white",
    "faint": "bright_black",
    "accent": "bright_cyan",
    "warning": "bright_yellow",
    "error": "bright_magenta",
    "below": "bright_yellow",
    "above": "bright_blue",
    "strong": "bright_white",
}
_LIGHT_16: Mapping[Ink, str] = {
    "text": "black",
    "dim": "bright_black",
    "faint": "white",
    "accent": "cyan",
    "warning": "yellow",
    "error": "magenta",
    "below": "red",
    "above": "blue",
    "strong": "black",
}
"""The theme in 16 colours, with a ground of its own (`theme.py`): the terminal's default ink may be of any colour."""
_DARK_SERIES = ("bright_blue", "bright_yellow", "bright_cyan", "bright_magenta", "bright_white", "cyan")
_LIGHT_SERIES = ("blue", "red", "cyan", "magenta", "black", "green")
_ALL_LETTERS = ("utf-8", "utf8")
_SIGNED_GLYPHS = "@Oo-..+x%#"
"""Magnitude without colour: letters with a hole for minus, crosses for plus."""


@dataclass(frozen=True, slots=True)
class Look:
    """The one value that every widget asks for styles and glyphs.

    Attributes:
        palette: colours of the theme.
        colours: what the terminal can show; `none` also stands for `NO_COLOR`.
        ascii: only characters that any terminal and font has.
        encoding: of the terminal, which may lack letters of the user's names.
        cells: how pictures are drawn: two pixels a cell, or four or six in two colours.
        pixels: draws them in true pixels, on a terminal that has these; None elsewhere.
    """

    palette: Palette = DARK
    colours: Colours = "full"
    ascii: bool = False
    encoding: str = "utf-8"
    cells: Cells = "half"
    pixels: PixelScreen | None = None

    @property
    def blocks(self) -> bool:
        """Whether pictures are drawn as coloured half blocks (else as glyphs by size and sign)."""
        return self.colours in ("full", "256") and not self.ascii

    @property
    def across(self) -> int:
        """Pixels of a picture beside each other in a cell."""
        return ACROSS if self.pixels is not None and self.blocks else 2 if self._fine else 1

    @property
    def down(self) -> int:
        """Pixels of a picture below each other in a cell."""
        if self.pixels is not None and self.blocks:
            return DOWN
        return 3 if self._fine and self.cells == "sextant" else 2

    @property
    def _fine(self) -> bool:
        """Whether a cell has more than two pixels."""
        able = self.colours == "full" and self.encoding.lower() in _ALL_LETTERS
        return self.cells != "half" and able and self.blocks

    def ink(self, ink: Ink, *, bold: bool = False, reverse: bool = False) -> Style:
        """The style of text that plays the part `ink`."""
        return _ink(self, ink, bold, reverse)

    def series(self, index: int) -> Style:
        """The style of the curve with this index."""
        return _series(self, index)

    def of_class(self, index: int) -> Style:
        """The style of a point of this class."""
        return _class(self, index)

    def plain(self, colour: str, background: str | None = None) -> Style:
        """A style of one palette colour; the nearest one that the terminal has, and none without colours."""
        return _plain(self, colour, background)

    def shade(self, colour: str) -> str:
        """`#rrggbb` as Rich may write it on this terminal: the colour itself, or the nearest one of 256 or 16."""
        if self.colours == "16":
            return nearest_of_16(colour)
        return shade_of_256(colour) if self.colours == "256" else colour

    def signed(self, value: float) -> Style:
        """The style for a number by its sign: below or above zero."""
        return self.ink("above" if value >= 0 else "below")

    def scale(self) -> tuple[str, ...]:
        """The signed colour scale, `palette.LEVELS` long."""
        return self.palette.scale(LEVELS)

    def glyph(self, share: float) -> str:
        """The glyph for a signed share in -1…1 where no colour can tell it."""
        last = len(_SIGNED_GLYPHS) - 1
        return _SIGNED_GLYPHS[min(last, max(0, round((share + 1) / 2 * last)))]

    def pick(self, glyph: str, ascii_glyph: str) -> str:
        """`glyph`, or its plain twin under `--ascii`."""
        return ascii_glyph if self.ascii else glyph

    def with_palette(self, dark: bool) -> Look:
        """The same look in the dark or light theme."""
        return replace(self, palette=DARK if dark else LIGHT)


@lru_cache(maxsize=512)
def _ink(look: Look, ink: Ink, bold: bool, reverse: bool) -> Style:
    bold = bold or ink == "strong"
    if look.colours == "none":
        return Style(bold=bold or ink in ("accent", "error"), dim=ink == "faint" or None, reverse=reverse or None)
    if look.colours == "16":
        inks = _DARK_16 if look.palette.dark else _LIGHT_16
        return Style(color=inks[ink], bold=bold or None, reverse=reverse or None)
    name = "text" if ink == "strong" else ink
    return Style(color=look.shade(str(getattr(look.palette, name))), bold=bold or None, reverse=reverse or None)


@lru_cache(maxsize=128)
def _series(look: Look, index: int) -> Style:
    if look.colours == "none":
        return Style(bold=index == 0)
    if look.colours == "16":
        return Style(color=_series_of_16(look)[index % len(_DARK_SERIES)])
    return Style(color=look.shade(look.palette.series[index % len(look.palette.series)]))


@lru_cache(maxsize=128)
def _class(look: Look, index: int) -> Style:
    if look.colours == "none":
        return Style(bold=True)
    if look.colours == "16":
        return Style(color=_series_of_16(look)[(index + 1) % 2 if index < 2 else index % len(_DARK_SERIES)], bold=True)
    return Style(color=look.shade(look.palette.classes[index % len(look.palette.classes)]), bold=True)


def _series_of_16(look: Look) -> tuple[str, ...]:
    return _DARK_SERIES if look.palette.dark else _LIGHT_SERIES


@lru_cache(maxsize=4096)
def _plain(look: Look, colour: str, background: str | None) -> Style:
    if look.colours == "none":
        return Style()
    ground = Color.parse(look.shade(background)) if background else None
    return Style(color=Color.parse(look.shade(colour)), bgcolor=ground)


def detect(
    environ: Mapping[str, str],
    *,
    ascii_only: bool = False,
    light: bool = False,
    encoding: str = "utf-8",
    cells: str = "",
) -> Look:
    """The look that fits a terminal described by its environment variables and its encoding.

    Args:
        cells: "half", "quadrant" or "sextant"; empty for what `NNPLAY_CELLS` says.

    Raises:
        InputError: there are no such cells.
    """
    wanted = read_cells(cells or environ.get("NNPLAY_CELLS", "") or CELLS[0], "--cells" if cells else "NNPLAY_CELLS")
    return Look(LIGHT if light else DARK, colours(environ), ascii_only or lacks_boxes(environ), encoding, wanted)


def read_cells(typed: str, where: str) -> Cells:
    """How pictures are to be drawn.

    Raises:
        InputError: it is none of them.
    """
    found = next((each for each in CELLS if each == typed), None)
    if found is None:
        raise unknown("kind of cells", typed, CELLS, where=where)
    return found
