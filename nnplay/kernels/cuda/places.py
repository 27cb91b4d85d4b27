"""Where numbers of pictures and volumes stand on a graphics card: what the rows that move or gather them share.

A picture (H, W, C) is a volume (1, H, W, C).
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import inline


@inline
def put(place: Any, at: int, value: Any, add: bool) -> None:
    """Writes a number, or adds it to what is there."""
    place[at] = place[at] + value if add else value


@inline
def place_in(at: int, depth: int, height: int, width: int, channels: int) -> Any:
    """Where number `at` of (N, depth, height, width, channels) stands, as (n, d, h, w, c)."""
    column = quotient(at, channels)
    line = quotient(column, width)
    plane = quotient(line, height)
    n = quotient(plane, depth)
    return n, plane - n * depth, line - plane * height, column - line * width, at - column * channels


@inline
def output_at(way: int, stride: int, count: int) -> int:
    """Which output, of `count`, has its window begin `way` numbers into the padded input; −1: none."""
    output = quotient(way, stride) if way >= 0 else -1
    if output >= count or output * stride != way:
        output = -1
    return output
