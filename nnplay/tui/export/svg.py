"""Drawn cells as an SVG picture that fetches nothing from elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.segment import Segment, Segments
from rich.terminal_theme import TerminalTheme

from nnplay.tui.theme.palette import Palette, rgb
from nnplay.tui.widgets.cells import Row

_FONTS: Final = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def draw_svg(rows: Sequence[Row], width: int, title: str, palette: Palette) -> str:
    """Rows of cells in so many columns as an SVG picture on the ground of the theme."""
    console = Console(
        width=width,
        file=io.StringIO(),
        record=True,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        no_color=False,
    )
    for row in rows:
        console.print(Segments([*(Segment(text, style) for text, style in row), Segment.line()]), end="")
    ink = [rgb(colour) for colour in (palette.faint, *palette.series, palette.text)]
    theme = TerminalTheme(rgb(palette.background), rgb(palette.text), ink)
    return without_fetched_fonts(console.export_svg(title=title, theme=theme))


def without_fetched_fonts(svg: str) -> str:
    """The picture in fonts that the reader has, without those that would be fetched."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family: [^;]*;", f"font-family: {_FONTS};", svg)
