"""Convolutions with fewer products (Winograd; Lavin and Gray, 2016): tiles, and what is added around products.

Two or three taps give 5 - taps neighbouring outputs from four inputs. Instead of taps products an output, four inputs
are worked out by one addition each, four weights likewise, and the four products are added up to the outputs:

    d0 = x0 - x2,  d1 = x1 + x2,  d2 = x2 - x1,  d3 = x3 - x1
    v0 = g0,  v1 = (g0 + g1 + g2) / 2,  v2 = (g0 - g1 + g2) / 2,  v3 = the last tap      (g2 is 0 where taps are two)
    y0 = m0 + m1 + m2,  y1 = m1 - m2 [+ m3],  y2 = m1 + m2 + m3                           (mₚ = dₚ·vₚ)

Along both axes of a picture that is 16 products instead of 36 for 3×3 taps and 2×2 outputs, and instead of 36 for 2×2
taps and 3×3 outputs. A kernel of S times as many taps at a stride of S is one of those taps with S·S times the
channels: those of the S×S places that a stride steps over. The last tile of a line may have fewer outputs and need
fewer products. Factors are 1, -1 and 1/2, so what is lost to rounding is a few units in the last place of the largest
number in a tile. With two taps that may be a neighbour outside of an output's own window: it cancels but for rounding.
Everything is added in an order that shapes decide, the number of pictures among them (`fits`).

The gradient of the weights adds up dₚ times what the outputs' gradients give by the same sums the other way round
(`fold`), and the gradient of the input is the whole of it read from right to left.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import COMPILING, inline
from nnplay.kernels.operands import shifted
from nnplay.kernels.span_sums import copy

COLUMNS: Any
LANES: Any
if COMPILING:
    from nnplay.kernels.convolution.winograd_vectors import (
        add_vector,
        differ_vectors,
        sum_three_vectors,
        sum_vectors,
    )
    from nnplay.kernels.tile import COLUMNS, LANES
else:
    COLUMNS = LANES = 1

#: Products of a tile along one axis.
POINTS: Final = 4
#: Channels at the most, those of all places of a stride together.
MOST: Final = 256
#: Channels at the least: with fewer, additions cost what products save.
FEWEST: Final = 16
#: Numbers that are worked out at once for each side of the products.
ROOM: Final = 49152
#: Tiles at the least in what one part does, so that it pays to work out the weights.
TILES: Final = 24


@inline
def fits(
    KH: int, KW: int, SH: int, SW: int, DH: int, DW: int, G: int, C: int, F: int, OH: int, OW: int, pictures: int
) -> bool:
    """Whether a convolution is worked out like this where each part has so many pictures."""
    if KH != KW or SH != SW or DH != 1 or DW != 1 or G != 1 or SH > 2:
        return False
    taps, channels = KH // SH, SH * SH * C
    if taps * SH != KH or taps < 2 or taps > 3:
        return False
    if min(channels, F) < FEWEST or max(channels, F) > MOST:
        return False
    wide = tiles(OW, taps)
    worth: bool = pictures * tiles(OH, taps) * wide >= TILES and POINTS * wide * max(channels, F) <= ROOM
    return worth


@inline
def tiles(outputs: int, taps: int) -> int:
    """Tiles of a line of so many outputs."""
    return (outputs + 4 - taps) // (5 - taps)


@inline
def tiles_with(outputs: int, taps: int, p: int) -> int:
    """Tiles that have product p, which only the last tile may lack."""
    full, rest = outputs // (5 - taps), outputs % (5 - taps)
    if rest == 0:
        return full
    if taps == 3:
        return full + int(p != 3)
    if rest == 2:
        return full + int(p != 2)
    return full + int(p == 0 or p == 3)


@inline
def places(outputs: int, taps: int, p: int) -> Any:
    """Input p of a tile with so many outputs is x[i] + s·x[j]: i, j, s."""
    if p == 0:
        j = 2 if taps == 3 else outputs - 1
        return 0, j, -1.0 if j > 0 else 0.0
    if p == 1:
        return 1, 1 if taps == 2 and outputs == 2 else 2, 1.0
    if p == 2:
        return 2, 1, -1.0
    return outputs + taps - 2, 1, -1.0 if outputs > 1 else 0.0


@inline
def differ(d: Any, d_row: int, x: Any, step: int, across: int, down: int, s: Any, t: Any, count: int, n: int) -> None:
    """d[i,k] = (a + s·b) + t·(c + s·d) of four places of each tile i, `step` apart in x, for n channels."""
    whole = n - n % LANES
    for i in range(count):
        target, a = shifted(d, i * d_row), shifted(x, i * step)
        b, c = shifted(a, across), shifted(a, down)
        e = shifted(c, across)
        for k in range(0, whole, LANES):
            differ_vectors(shifted(target, k), shifted(a, k), shifted(b, k), s, shifted(c, k), shifted(e, k), t)
        for k in range(whole, n):
            target[k] = multiply_add(multiply_add(e[k], s, c[k]), t, multiply_add(b[k], s, a[k]))


@inline
def fold(e: Any, e_row: int, y: Any, step: int, apart: int, outputs: int, p: int, count: int, n: int) -> None:
    """e[i,k] = Σ over a tile's outputs, `apart` in y, of each that product p is part of, with its sign."""
    if p == 0 or p == 3 or outputs == 1:
        first = (outputs - 1) * apart if p == 3 else 0
        for i in range(count):
            copy(shifted(e, i * e_row), shifted(y, i * step + first), n, False)
        return
    s = 1.0 if p == 1 else -1.0
    for i in range(count):
        own = shifted(y, i * step)
        if outputs == 2:
            join_two(shifted(e, i * e_row), own, 1.0, shifted(own, apart), s, n)
        else:
            join(shifted(e, i * e_row), own, 1.0, shifted(own, apart), s, shifted(own, 2 * apart), 1.0, n)


@inline
def join_two(y: Any, a: Any, first: Any, b: Any, second: Any, n: int) -> None:
    """y (n) = first·a + second·b."""
    whole = n - n % LANES
    for k in range(0, whole, LANES):
        sum_vectors(shifted(y, k), shifted(a, k), first, shifted(b, k), second)
    for k in range(whole, n):
        y[k] = multiply_add(b[k], second, first * a[k])


@inline
def join(y: Any, a: Any, first: Any, b: Any, second: Any, c: Any, third: Any, n: int) -> None:
    """y (n) = first·a + second·b + third·c."""
    whole = n - n % LANES
    for k in range(0, whole, LANES):
        sum_three_vectors(shifted(y, k), shifted(a, k), first, shifted(b, k), second, shifted(c, k), third)
    for k in range(whole, n):
        y[k] = multiply_add(c[k], third, multiply_add(b[k], second, first * a[k]))


@inline
def add_apart(y: Any, step: int, x: Any, row: int, factor: Any, count: int, n: int) -> None:
    """y[i·step + k] += factor·x[i·row + k]."""
    for i in range(count):
        _add(shifted(y, i * step), shifted(x, i * row), factor, n)


@inline
def add_inside(
    y: Any, W: int, x: Any, row: int, column: int, step: int, factor: Any, count: int, S: int, C: int
) -> None:
    """Adds factor·x[i] (S, C) to columns from `column` + i·`step` on of a line y (W, C), where they are inside."""
    for i in range(count):
        left = column + i * step
        low, high = max(0, -left), min(S, W - left)
        _add(shifted(y, (left + low) * C), shifted(x, i * row + low * C), factor, (high - low) * C)


@inline
def _add(y: Any, x: Any, factor: Any, n: int) -> None:
    """y (n) += factor·x."""
    whole = n // LANES * LANES
    for k in range(0, whole, LANES):
        add_vector(shifted(y, k), shifted(x, k), factor)
    for k in range(whole, n):
        y[k] = multiply_add(x[k], factor, y[k])


@inline
def weigh(v: Any, w: Any, row: int, apart: int, taps: int, p: int, rows: int, width: int) -> None:
    """Weight p of a tile from taps `apart` in w (rows, width), as a panel with rows COLUMNS apart."""
    if p == 0 or p == 3:
        first = (taps - 1) * apart if p == 3 else 0
        for i in range(rows):
            copy(shifted(v, i * COLUMNS), shifted(w, first + i * row), width, False)
        return
    s = 0.5 if p == 1 else -0.5
    for i in range(rows):
        own = shifted(w, i * row)
        if taps == 2:
            join_two(shifted(v, i * COLUMNS), own, 0.5, shifted(own, apart), s, width)
        else:
            join(shifted(v, i * COLUMNS), own, 0.5, shifted(own, apart), s, shifted(own, 2 * apart), 0.5, width)
