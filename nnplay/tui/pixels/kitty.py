"""Kitty's protocol for pictures: images that are sent once and shown by placeholder characters in cells.

A placeholder is U+10EEEE with two marks, for its row and its column in the image; the colour of its ink is the image's
number (https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders). So a picture belongs to its cells: it
goes where they are painted over, and nothing has to be erased.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.tui.theme.palette import rgb

PLACEHOLDER: Final = "\U0010eeee"
#: Marks by number (kitty's list, of combining class 230); rows and columns beyond them cannot be addressed.
MARKS: Final = tuple(
    chr(code)
    for first, last in (
        (0x305, 0x305), (0x30D, 0x30E), (0x310, 0x310), (0x312, 0x312), (0x33D, 0x33F), (0x346, 0x346), (0x34A, 0x34C),
        (0x350, 0x352), (0x357, 0x357), (0x35B, 0x35B), (0x363, 0x36F), (0x483, 0x487), (0x592, 0x595), (0x597, 0x599),
        (0x59C, 0x5A1), (0x5A8, 0x5A9), (0x5AB, 0x5AC), (0x5AF, 0x5AF), (0x5C4, 0x5C4), (0x610, 0x617), (0x657, 0x65B),
        (0x65D, 0x65E), (0x6D6, 0x6DC), (0x6DF, 0x6E2), (0x6E4, 0x6E4), (0x6E7, 0x6E8), (0x6EB, 0x6EC), (0x730, 0x730),
        (0x732, 0x733), (0x735, 0x736), (0x73A, 0x73A), (0x73D, 0x73D), (0x73F, 0x741), (0x743, 0x743), (0x745, 0x745),
        (0x747, 0x747), (0x749, 0x74A), (0x7EB, 0x7F1), (0x7F3, 0x7F3), (0x816, 0x819), (0x81B, 0x823), (0x825, 0x827),
        (0x829, 0x82D), (0x951, 0x951), (0x953, 0x954),
    )
    for code in range(first, last + 1)
)  # fmt: skip
_CHUNK: Final = 4096
_QUIET: Final = "q=2"
"""No answers: they would come among the keys."""


def placeholders(row: int, columns: int) -> str:
    """A row of an image in so many cells."""
    return "".join(f"{PLACEHOLDER}{MARKS[row]}{MARKS[column]}" for column in range(columns))


def send(number: int, png: bytes, columns: int, rows: int) -> str:
    """Sends an image, in place of the one of the same number, to be shown in so many cells."""
    text = base64.standard_b64encode(png).decode("ascii")
    parts = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)] or [""]
    head = f"a=T,U=1,f=100,i={number},c={columns},r={rows},{_QUIET},"
    return "".join(
        f"\x1b_G{head if at == 0 else ''}m={int(at < len(parts) - 1)};{part}\x1b\\" for at, part in enumerate(parts)
    )


def delete(number: int) -> str:
    """Takes an image out of the terminal's memory."""
    return f"\x1b_Ga=d,d=I,i={number},{_QUIET};\x1b\\"


def encode_png(levels: NDArray[np.int64], colours: Sequence[str]) -> bytes:
    """Levels (h, w), each an index into at most 256 colours, as a PNG file with a palette."""
    tall, broad = levels.shape
    palette = b"".join(bytes(rgb(colour)) for colour in colours)
    lines = np.zeros((tall, broad + 1), np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = levels
    head = struct.pack(">IIBBBBB", broad, tall, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
