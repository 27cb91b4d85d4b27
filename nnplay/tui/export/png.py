"""Drawn cells as a PNG picture: blocks and braille dots as pixels, letters by Pillow, which comes with an extra."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len
from rich.style import Style

from nnplay.system.extras import need
from nnplay.tui.draw.two_colours import QUADRANTS, SEXTANTS
from nnplay.tui.theme.palette import Palette
from nnplay.tui.widgets.cells import Row, graphemes

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

#: Pixels of a cell; both can be halved, and the height divided by three and by eight.
_WIDE, _TALL = 12, 24
_LETTERS: Final = 19
#: Fonts in which every letter is as wide, where there is one of them.
_FONTS: Final = ("DejaVuSansMono.ttf", "Menlo.ttc", "consola.ttf", "LiberationMono-Regular.ttf")
#: Blocks that grow from the bottom in eighths, and from the left.
_RISING, _GROWING = "▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉"
_SHADES: Final = {"░": 0.25, "▒": 0.5, "▓": 0.75}
_BRAILLE: Final = 0x2800
_DOTS: Final = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
_Box = tuple[float, float, float, float]


def draw_png(rows: Sequence[Row], width: int, palette: Palette) -> bytes:
    """Rows of cells in so many columns as a PNG picture on the ground of the theme.

    Raises:
        InputError: Pillow is not installed.
    """
    need("PIL", "PNG pictures are", "picture", "drawn")
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (_WIDE * width, _TALL * max(1, len(rows))), palette.background)
    draw, font = ImageDraw.Draw(image), _font()
    for y, row in enumerate(rows):
        x = 0
        for text, style in row:
            for one in graphemes(text):
                _draw_cell(draw, one, (x * _WIDE, y * _TALL), style, palette, font)
                x += cell_len(one)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _font() -> Any:
    from PIL import ImageFont

    for name in _FONTS:
        try:
            return ImageFont.truetype(name, _LETTERS)
        except OSError:
            continue
    return ImageFont.load_default(_LETTERS)


def _draw_cell(draw: ImageDraw, one: str, corner: tuple[int, int], style: Style, palette: Palette, font: Any) -> None:
    """One character on its ground."""
    ink, ground = _colour(style, "color", palette.text), _colour(style, "bgcolor", palette.background)
    ink, ground = (ground, ink) if style.reverse else (ink, ground)
    x, y = corner
    draw.rectangle((x, y, x + _WIDE * cell_len(one) - 1, y + _TALL - 1), fill=ground)
    boxes = _boxes(one)
    for left, top, right, bottom in boxes:
        if right > left and bottom > top:
            draw.rectangle((x + left * _WIDE, y + top * _TALL, x + right * _WIDE - 1, y + bottom * _TALL - 1), fill=ink)
    if _is_braille(one):
        for place, (across, down) in enumerate(_DOTS):
            if ord(one) - _BRAILLE & 1 << place:
                middle = x + _WIDE * (2 * across + 1) / 4, y + _TALL * (2 * down + 1) / 8
                draw.ellipse((middle[0] - 1.5, middle[1] - 1.5, middle[0] + 1.5, middle[1] + 1.5), fill=ink)
    elif one in _SHADES:
        share = _SHADES[one]
        mixed = tuple(round(share * a + (1 - share) * b) for a, b in zip(ink, ground, strict=True))
        draw.rectangle((x, y, x + _WIDE - 1, y + _TALL - 1), fill=mixed)
    elif not boxes and not one.isspace():
        draw.text((x, y + _TALL - 6), one, fill=ink, font=font, anchor="ls")


def _colour(style: Style, what: str, otherwise: str) -> tuple[int, int, int]:
    from PIL import ImageColor

    colour = getattr(style, what)
    if colour is not None and not colour.is_default:
        found: tuple[int, int, int] = tuple(colour.get_truecolor())
        return found
    red, green, blue, *_ = ImageColor.getrgb(otherwise)
    return red, green, blue


def _is_braille(one: str) -> bool:
    return len(one) == 1 and _BRAILLE <= ord(one) < _BRAILLE + 256


def _boxes(one: str) -> list[_Box]:
    """Where a block character has ink, as shares of the cell: left, top, right, bottom."""
    if one == " " or len(one) != 1:
        return []
    if one in _RISING:
        return [(0, 1 - (_RISING.index(one) + 1) / 8, 1, 1)]
    if one in _GROWING:
        return [(0, 0, (_GROWING.index(one) + 1) / 8, 1)]
    for glyphs, down in ((QUADRANTS, 2), (SEXTANTS, 3)):
        if one in glyphs:
            shape = glyphs.index(one)
            return [
                (k % 2 / 2, k // 2 / down, (k % 2 + 1) / 2, (k // 2 + 1) / down)
                for k in range(2 * down)
                if shape & 1 << k
            ]
    if one == "━" or one == "─":
        half = 0.08 if one == "━" else 0.04
        return [(0, 0.5 - half, 1, 0.5 + half)]
    return []
