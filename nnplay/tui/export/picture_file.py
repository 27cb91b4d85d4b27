"""A picture as a file: SVG, or PNG with an extra; the name says which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnplay.errors import InputError
from nnplay.system.extras import need
from nnplay.system.new_file import new_path
from nnplay.text import clean
from nnplay.tui.export.png import draw_png
from nnplay.tui.export.svg import draw_svg
from nnplay.tui.theme.palette import Palette
from nnplay.tui.widgets.cells import Row

_OTHERS: Final = (".jpg", ".jpeg", ".gif", ".webp", ".pdf")


def picture_path(typed: str) -> Path:
    """The path of a picture to be written.

    Raises:
        InputError: it is to be of another kind, cannot be written there, or is a PNG without Pillow.
    """
    ending = ".png" if typed.lower().endswith(".png") else ".svg"
    if typed.lower().endswith(_OTHERS):
        hint = "give a name such as view.svg or view.png"
        raise InputError("pictures are written as SVG or PNG", where=clean(typed), hint=hint)
    if ending == ".png":
        need("PIL", "PNG pictures are", clean(typed), "drawn")
    return new_path(typed, ending)


def draw_picture_file(path: Path, rows: Sequence[Row], width: int, title: str, palette: Palette) -> str | bytes:
    """What is written to a path of `picture_path`: rows of cells in so many columns."""
    if path.suffix.lower() == ".png":
        return draw_png(rows, width, palette)
    return draw_svg(rows, width, title, palette)
