"""Matrix products over windows: the inner loop of all convolutions, forward and backward.

A convolution's inputs are not copied into a matrix of patches. The windows are read where they are, by strides: in a
picture with channels last and zeros around it, the numbers under one kernel row are neighbours.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import COMPILING, shared

if COMPILING:
    from nnplay.kernels.compile.intrinsics import shifted
    from nnplay.kernels.convolution.window_tile import TALL, window_tile
    from nnplay.kernels.tile import COLUMNS, LANES, ROWS, is_null
else:
    COLUMNS = LANES = ROWS = TALL = 1


@shared("riiiiriiiririiiiii")
def multiply_windows(
    a: Any, a_row: int, a_inner: int, a_middle: int, a_outer: int, b: Any, b_inner: int, b_middle: int, b_outer: int,
    c: Any, c_row: int, start: Any, start_row: int, rows: int, columns: int, inner: int, middle: int, outer: int,
) -> None:  # fmt: skip
    """C = start + Σ A·B over (outer, middle, inner), each count at least 1; arguments as those of `window_tile`."""
    given = not is_null(start)
    for j in range(0, columns, COLUMNS):
        width = min(COLUMNS, columns - j)
        most = TALL if width <= LANES else ROWS
        i = 0
        while i < rows:
            left = rows - i
            height = left if left <= most else most if left >= 2 * most else (left + 1) >> 1
            window_tile(
                shifted(a, i * a_row), a_row, a_inner, a_middle, a_outer,
                shifted(b, j), b_inner, b_middle, b_outer,
                shifted(c, i * c_row + j), c_row,
                shifted(start, i * start_row + j) if given else start, start_row,
                height, width, inner, middle, outer,
            )  # fmt: skip
            i += height
