"""Pictures as a terminal reads them: PNG with a palette, sixels, and kitty's placeholders on a screen."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nnplay.tui.pixels.kitty import MARKS, PLACEHOLDER

Pixels = NDArray[np.uint8]
SIXELS = re.compile(rb'\x1b7\x1b\[(\d+);(\d+)H(\x1bP0;1q"1;1;\d+;\d+[^\x1b]*\x1b\\)\x1b8')
"""Row and column of the screen, and a picture."""
_IMAGE = re.compile(rb"\x1b_Ga=T,U=1,f=100,i=(\d+),c=(\d+),r=(\d+),q=2,m=\d;((?:[^\x1b]|\x1b\\\x1b_Gm=\d;)*)\x1b\\")


def read_png(data: bytes) -> Pixels:
    """Pixels (h, w, 3) of a PNG with a palette and unfiltered lines; every checksum is right."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    parts, at = {}, 8
    while at < len(data):
        (size,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size]) == (zlib.crc32(kind + body),)
        parts[kind], at = body, at + 12 + size
    wide, tall, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert rest == [8, 3, 0, 0, 0]
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(tall, wide + 1)
    assert not lines[:, 0].any()
    return np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3)[lines[:, 1:]]


def read_sixels(text: str) -> tuple[NDArray[np.int64], Mapping[int, tuple[int, ...]]]:
    """The numbers of colours (h, w) of a picture, -1 where nothing is drawn, and these colours in percent."""
    found = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\', text)
    assert found is not None
    wide, tall = int(found[1]), int(found[2])
    drawn = np.full((tall + 6, wide), -1)
    colours = {}
    x = y = colour = 0
    for part in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([?-~])|(\$)|(-)", found[3]):
        defined, *percent, chosen, count, repeated, single, back, down = part.groups()
        if defined:
            colours[int(defined)] = tuple(map(int, percent))
        elif chosen:
            colour = int(chosen)
        elif single or repeated:
            bits, end = ord(single or repeated) - 63, x + int(count or 1)
            assert end <= wide
            for k in range(6):
                if bits & 1 << k:
                    drawn[y + k, x:end] = colour
            x = end
        elif back or down:
            x, y = 0, y + (6 if down else 0)
    assert (drawn[tall:] == -1).all()
    return drawn[:tall], colours


def show_sixels(text: str) -> Pixels:
    """Pixels (h, w, 3) of a picture that leaves no hole."""
    drawn, colours = read_sixels(text)
    assert (drawn >= 0).all()
    table = np.array([colours[number] for number in range(len(colours))])
    return np.round(table[drawn] * 255 / 100).astype(np.uint8)


def read_images(raw: bytes) -> dict[int, tuple[tuple[int, int], Pixels]]:
    """Kitty's images by number, as they were sent last: rows and columns of cells, and pixels (h, w, 3)."""
    found = {}
    for number, columns, rows, text in _IMAGE.findall(raw):
        png = base64.standard_b64decode(re.sub(rb"\x1b\\\x1b_Gm=\d;", b"", text))
        found[int(number)] = (int(rows), int(columns)), read_png(png)
    return found


def read_placeholder(data: str, colour: str) -> tuple[int, int, int] | None:
    """What a cell of the screen shows of an image: its number, by the ink, and row and column; None for a letter."""
    if not data.startswith(PLACEHOLDER):
        return None
    row, column = (MARKS.index(mark) for mark in data[1:])
    return int(colour, 16), row, column
