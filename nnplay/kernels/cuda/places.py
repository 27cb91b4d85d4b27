"""Where numbers stand on a graphics card: several that are as far apart each, and those of pictures and volumes.

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
def apart(place: Any, step: int) -> Any:
    """Four numbers, each so far behind the one before."""
    return place[0], place[step], place[2 * step], place[3 * step]


@inline
def put_apart(place: Any, step: int, four: Any, add: bool) -> None:
    """Writes four such numbers, or adds them to what is there."""
    if add:
        old = apart(place, step)
        four = (old[0] + four[0], old[1] + four[1], old[2] + four[2], old[3] + four[3])
    place[0], place[step], place[2 * step], place[3 * step] = four


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
