"""The three passes of a convolution with fewer products: see `nnplay.kernels.convolution.winograd`.

A block is a number of lines of tiles, of one picture or of several. For each product q along lines, everything that
comes from the block is worked out for the four products p along columns, and multiplied with panels of weights.

All three take whole pictures `first` … `stop`. `S` is the stride, `taps` how many numbers of the kernel a stride sees.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.arithmetic import scratch
from nnplay.kernels.compile.jit import COMPILING, inline, shared
from nnplay.kernels.convolution.winograd import (
    COLUMNS,
    MOST,
    POINTS,
    ROOM,
    add_apart,
    add_inside,
    differ,
    fold,
    join,
    join_two,
    places,
    tiles,
    tiles_with,
    weigh,
)
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import shifted

if COMPILING:
    from nnplay.kernels.tile import null

#: Numbers of one product p in the room of a block, and of a panel of weights.
PART: Any = ROOM // POINTS
PANEL: Any = MOST * COLUMNS
THREE_PANELS: Any = 3 * PANEL
FOUR_PANELS: Any = 4 * PANEL


@shared("riirriiiiiiii")
def winograd_forward(
    x: Any, image: int, WP: int, w: Any, y: Any, S: int, taps: int, C: int, F: int, OH: int, OW: int,
    first: int, stop: int,
) -> None:  # fmt: skip
    """y (N, OH, OW, F) += Σ x·w for pictures `first` … `stop`; w is (S·taps, S·taps, C, F)."""
    d, m = scratch(ROOM), scratch(ROOM)
    panels, v, line = scratch(THREE_PANELS), scratch(PANEL), scratch(PART)
    high, channels, K = tiles(OH, taps), S * S * C, S * taps
    most = PART // (tiles(OW, taps) * max(channels, F))
    for begin in range(first * high, stop * high, most):
        end = min(begin + most, stop * high)
        for q in range(POINTS):
            wide = tiles_with(OW, taps, q)
            if wide == 0:
                continue
            _spread_input(d, x, image, WP, S, taps, C, OH, OW, q, begin, end)
            for f in range(0, F, COLUMNS):
                width = min(COLUMNS, F - f)
                for a in range(taps):
                    for ph in range(S):
                        source = shifted(w, (a * S + ph) * K * C * F + f)
                        target = shifted(panels, (a * channels + ph * S * C) * COLUMNS)
                        weigh(target, source, F, S * C * F, taps, q, S * C, width)
                for p in range(POINTS):
                    rows = _lines_with(begin, end, OH, taps, p) * wide
                    panel = _panel(v, panels, channels, taps, p)
                    multiply(
                        shifted(d, p * PART), channels, 1, panel, COLUMNS, 1, shifted(m, p * PART + f), F,
                        null(), 0, rows, width, channels,
                    )  # fmt: skip
            _collect_outputs(y, m, line, taps, F, OH, OW, q, begin, end)


@shared("riirriiiiiiii")
def winograd_weight(
    x: Any, image: int, WP: int, dy: Any, dw: Any, S: int, taps: int, C: int, F: int, OH: int, OW: int,
    first: int, stop: int,
) -> None:  # fmt: skip
    """dw (S·taps, S·taps, C, F) += Σ x·dy over pictures `first` … `stop`."""
    d, e, lines = scratch(ROOM), scratch(ROOM), scratch(ROOM)
    products, sums = scratch(FOUR_PANELS), scratch(THREE_PANELS)
    high, channels = tiles(OH, taps), S * S * C
    most = PART // (tiles(OW, taps) * max(channels, F))
    for begin in range(first * high, stop * high, most):
        end = min(begin + most, stop * high)
        for q in range(POINTS):
            wide = tiles_with(OW, taps, q)
            if wide == 0:
                continue
            _spread_input(d, x, image, WP, S, taps, C, OH, OW, q, begin, end)
            _spread_output(e, dy, lines, OH * OW * F, OW * F, taps, F, OH, OW, q, begin, end)
            for f in range(0, F, COLUMNS):
                width = min(COLUMNS, F - f)
                for p in range(POINTS):
                    rows = _lines_with(begin, end, OH, taps, p) * wide
                    multiply(
                        shifted(d, p * PART), 1, channels, shifted(e, p * PART + f), F, 1,
                        shifted(products, p * PANEL), COLUMNS, null(), 0, channels, width, rows,
                    )  # fmt: skip
                _sum_taps(sums, products, taps, channels * COLUMNS)
                _add_taps(shifted(dw, f), F, sums, S, taps, C, q, width)


@shared("riirriiiiiiiiiiii")
def winograd_input(
    dy: Any, image: int, line: int, w: Any, dx: Any, S: int, taps: int, F: int, C: int, OH: int, OW: int,
    PH: int, PW: int, H: int, W: int, first: int, stop: int,
) -> None:  # fmt: skip
    """dx (N, H, W, C) += Σ dy·w for pictures `first` … `stop`; w is (S·taps, S·taps, F, C).

    dy begins at its first window, with `image` and `line` numbers from one picture and one line to the next.
    """
    e, z, lines = scratch(ROOM), scratch(ROOM), scratch(ROOM)
    panels, v = scratch(THREE_PANELS), scratch(PANEL)
    high, channels, K = tiles(OH, taps), S * S * C, S * taps
    most = PART // (tiles(OW, taps) * max(channels, F))
    for begin in range(first * high, stop * high, most):
        end = min(begin + most, stop * high)
        for q in range(POINTS):
            wide = tiles_with(OW, taps, q)
            if wide == 0:
                continue
            _spread_output(e, dy, lines, image, line, taps, F, OH, OW, q, begin, end)
            for place in range(S * S):
                for c in range(0, C, COLUMNS):
                    width = min(COLUMNS, C - c)
                    for a in range(taps):
                        source = shifted(w, ((a * S + place // S) * K + place % S) * F * C + c)
                        weigh(shifted(panels, a * F * COLUMNS), source, C, S * F * C, taps, q, F, width)
                    for p in range(POINTS):
                        rows = _lines_with(begin, end, OH, taps, p) * wide
                        multiply(
                            shifted(e, p * PART), F, 1, _panel(v, panels, F, taps, p), COLUMNS, 1,
                            shifted(z, p * PART + place * C + c), channels, null(), 0, rows, width, F,
                        )  # fmt: skip
            _collect_input(dx, z, lines, S, taps, C, OH, OW, PH, PW, H, W, q, begin, end)


@inline
def _lines_with(begin: int, end: int, OH: int, taps: int, p: int) -> int:
    """How many of the lines of tiles `begin` … `end` have product p."""
    high, those = tiles(OH, taps), tiles_with(OH, taps, p)
    count: int = (end // high - begin // high) * those + min(end % high, those) - min(begin % high, those)
    return count


@inline
def _outputs(OH: int, taps: int, t: int) -> int:
    """Outputs of tile t of a line."""
    return min(5 - taps, OH - t * (5 - taps))


@inline
def _panel(v: Any, panels: Any, rows: int, taps: int, p: int) -> Any:
    """The panel of weight p from those of the taps."""
    if p == 0:
        return panels
    if p == 3:
        return shifted(panels, (taps - 1) * rows * COLUMNS)
    n = rows * COLUMNS
    s = 0.5 if p == 1 else -0.5
    if taps == 2:
        join_two(v, panels, 0.5, shifted(panels, n), s, n)
    else:
        join(v, panels, 0.5, shifted(panels, n), s, shifted(panels, 2 * n), 0.5, n)
    return v


@inline
def _spread_input(
    d: Any, x: Any, image: int, WP: int, S: int, taps: int, C: int, OH: int, OW: int, q: int, begin: int, end: int
) -> None:
    """d[p] (tiles, S·S·C): what products p and q take from x (N, …, WP, C), for lines of tiles `begin` … `end`."""
    m, high, channels, run = 5 - taps, tiles(OH, taps), S * S * C, S * C
    full, wide = OW // m, tiles_with(OW, taps, q)
    i, j, s = places(m, taps, q)
    last_i, last_j, last_s = places(_outputs(OW, taps, full), taps, q)
    for p in range(POINTS):
        those, row = tiles_with(OH, taps, p), 0
        for u in range(begin, end):
            n, t = u // high, u % high
            if t >= those:
                continue
            k, l, down_s = places(_outputs(OH, taps, t), taps, p)
            down = (l - k) * S * WP * C
            for ph in range(S):
                source = shifted(x, n * image + ((t * m + k) * S + ph) * WP * C)
                target = shifted(d, p * PART + row * channels + ph * run)
                count = min(wide, full)
                differ(
                    target, channels, shifted(source, i * run), m * run, (j - i) * run, down, s, down_s, count, run
                )  # fmt: skip
                if wide > full:
                    differ(
                        shifted(target, full * channels), channels, shifted(source, (full * m + last_i) * run), 0,
                        (last_j - last_i) * run, down, last_s, down_s, 1, run,
                    )  # fmt: skip
            row += wide


@inline
def _spread_output(
    e: Any, dy: Any, lines: Any, image: int, line: int, taps: int, F: int, OH: int, OW: int, q: int,
    begin: int, end: int,
) -> None:  # fmt: skip
    """e[p] (tiles, F): what products p and q take from dy, for lines of tiles `begin` … `end`."""
    m, high = 5 - taps, tiles(OH, taps)
    full, wide = OW // m, tiles_with(OW, taps, q)
    for u in range(begin, end):
        n, t = u // high, u % high
        outputs = _outputs(OH, taps, t)
        for k in range(outputs):
            source, target = shifted(dy, n * image + (t * m + k) * line), shifted(lines, k * wide * F)
            fold(target, F, source, m * F, F, m, q, min(wide, full), F)
            if wide > full:
                rest = _outputs(OW, taps, full)
                fold(shifted(target, full * F), F, shifted(source, full * m * F), 0, F, rest, q, 1, F)
        for p in range(POINTS):
            if t < tiles_with(OH, taps, p):
                row = _lines_with(begin, u, OH, taps, p) * wide
                fold(shifted(e, p * PART + row * F), 0, lines, 0, wide * F, outputs, p, 1, wide * F)


@inline
def _collect_outputs(
    y: Any, m: Any, sums: Any, taps: int, F: int, OH: int, OW: int, q: int, begin: int, end: int
) -> None:
    """Adds what products m[p] (tiles, F) give y (N, OH, OW, F) at product q along lines."""
    size, high = 5 - taps, tiles(OH, taps)
    full, wide = OW // size, tiles_with(OW, taps, q)
    n = wide * F
    for u in range(begin, end):
        t = u % high
        outputs = _outputs(OH, taps, t)
        m0 = shifted(m, _lines_with(begin, u, OH, taps, 0) * n)
        m1 = shifted(m, PART + _lines_with(begin, u, OH, taps, 1) * n)
        m2 = shifted(m, 2 * PART + _lines_with(begin, u, OH, taps, 2) * n)
        m3 = shifted(m, 3 * PART + _lines_with(begin, u, OH, taps, 3) * n)
        for j in range(outputs):
            if taps == 2 and outputs == 1:
                join_two(sums, m0, 1.0, m3, 1.0, n)
            elif taps == 2 and outputs == 2:
                join_two(sums, m1, 1.0, m0 if j == 0 else m3, 1.0, n)
            elif j == 0:
                join(sums, m0, 1.0, m1, 1.0, m2, 1.0, n)
            elif j == outputs - 1:
                join(sums, m3, 1.0, m1, 1.0, m2, 1.0 if j == 2 else -1.0, n)
            else:
                join_two(sums, m1, 1.0, m2, -1.0, n)
            target = shifted(y, ((u // high * OH) + t * size + j) * OW * F)
            _add_outputs(target, sums, size, min(wide, full), q, F)
            if wide > full:
                _add_outputs(
                    shifted(target, full * size * F), shifted(sums, full * F), _outputs(OW, taps, full), 1, q, F
                )


@inline
def _add_outputs(y: Any, sums: Any, outputs: int, count: int, q: int, F: int) -> None:
    """Adds product q of tiles (count, F) to the outputs of a line that it is part of."""
    for j in range(outputs):
        if (q == 0 and j > 0) or (q == 3 and j < outputs - 1):
            continue
        factor = -1.0 if q == 2 and j == 1 else 1.0
        add_apart(shifted(y, j * F), outputs * F, sums, F, factor, count, F)


@inline
def _sum_taps(sums: Any, products: Any, taps: int, n: int) -> None:
    """Gradients of the taps (taps, n) from those of the weights v of a tile, whose factors are 1, 1/2 and -1/2."""
    p0, p1, p2, p3 = products, shifted(products, PANEL), shifted(products, 2 * PANEL), shifted(products, 3 * PANEL)
    join(sums, p0, 1.0, p1, 0.5, p2, 0.5, n)
    if taps == 2:
        join(shifted(sums, n), p3, 1.0, p1, 0.5, p2, -0.5, n)
    else:
        join_two(shifted(sums, n), p1, 0.5, p2, -0.5, n)
        join(shifted(sums, 2 * n), p3, 1.0, p1, 0.5, p2, 0.5, n)


@inline
def _add_taps(dw: Any, F: int, sums: Any, S: int, taps: int, C: int, q: int, width: int) -> None:
    """dw (S·taps, S·taps, C, F) += the part that weight q along lines has in each tap, times `sums`."""
    K, run = S * taps, S * C
    for a in range(taps):
        for ph in range(S):
            source = shifted(sums, (a * S + ph) * run * COLUMNS)
            for b in range(taps):
                if (q == 0 and b > 0) or (q == 3 and b < taps - 1):
                    continue
                factor = 1.0 if q == 0 or q == 3 else -0.5 if q == 2 and b == 1 else 0.5
                target = shifted(dw, ((a * S + ph) * K + b * S) * C * F)
                add_apart(target, F, source, COLUMNS, factor, run, width)


@inline
def _collect_input(
    dx: Any, z: Any, sums: Any, S: int, taps: int, C: int, OH: int, OW: int, PH: int, PW: int, H: int, W: int, q: int,
    begin: int, end: int,
) -> None:  # fmt: skip
    """Adds what products z[p] (tiles, S·S·C) give dx (N, H, W, C) at product q along lines."""
    m, high, channels = 5 - taps, tiles(OH, taps), S * S * C
    full, wide = OW // m, tiles_with(OW, taps, q)
    n = wide * channels
    for u in range(begin, end):
        t = u % high
        outputs = _outputs(OH, taps, t)
        z0 = shifted(z, _lines_with(begin, u, OH, taps, 0) * n)
        z1 = shifted(z, PART + _lines_with(begin, u, OH, taps, 1) * n)
        z2 = shifted(z, 2 * PART + _lines_with(begin, u, OH, taps, 2) * n)
        z3 = shifted(z, 3 * PART + _lines_with(begin, u, OH, taps, 3) * n)
        for i in range(outputs + taps - 1):
            if i == 0:
                own = z0
            elif i == 3 or (taps == 2 and i == outputs):
                own = z3
            else:
                own = sums
                _join_input(sums, z0, z1, z2, z3, taps, outputs, i, n)
            for ph in range(S):
                h = (t * m + i) * S + ph - PH
                if 0 <= h < H:
                    target, source = shifted(dx, (u // high * H + h) * W * C), shifted(own, ph * S * C)
                    _add_line(target, W, source, channels, 0, m, m, min(wide, full), taps, q, S, C, PW)
                    if wide > full:
                        rest = _outputs(OW, taps, full)
                        source = shifted(source, full * channels)
                        _add_line(target, W, source, channels, full * m, m, rest, 1, taps, q, S, C, PW)


@inline
def _join_input(sums: Any, z0: Any, z1: Any, z2: Any, z3: Any, taps: int, outputs: int, i: int, n: int) -> None:
    """What a tile's products give its input i, neither the first nor the last that has a product of its own."""
    if taps == 2 and outputs == 2:
        join(sums, z1, 2.0, z0, -1.0, z3, -1.0, n)
    elif i == 2:
        join(sums, z1, 1.0, z2, 1.0, z0, -1.0, n)
    elif taps == 3 and outputs == 1:
        join_two(sums, z1, 1.0, z2, -1.0, n)
    else:
        join(sums, z1, 1.0, z2, -1.0, z3, -1.0, n)


@inline
def _add_line(
    dx: Any, W: int, x: Any, channels: int, first: int, m: int, outputs: int, count: int, taps: int, q: int, S: int,
    C: int, PW: int,
) -> None:  # fmt: skip
    """Adds what tiles (count) of a line, with so many outputs each, give a line of dx (W, C) at product q."""
    i, j, s = places(outputs, taps, q)
    add_inside(dx, W, x, channels, (first + i) * S - PW, m * S, 1.0, count, S, C)
    if s != 0.0:
        add_inside(dx, W, x, channels, (first + j) * S - PW, m * S, s, count, S, C)
