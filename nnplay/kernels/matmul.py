"""Matrix products on strided operands: the one inner loop of linear layers, convolutions and recurrent cells.

All of them add up an element in the order of k, one multiply-add after the other, so the bits of a result depend
neither on how rows and columns are divided among parts nor on which of the ways below a size takes.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import COMPILING, inline, shared

if COMPILING:
    from nnplay.kernels.compile.intrinsics import shifted
    from nnplay.kernels.tile import COLUMNS, LANES, ROWS, SIZE, WIDE, is_null, move, null, scratch, tile, turn
else:
    COLUMNS = LANES = ROWS = SIZE = 1
    WIDE = False

#: Steps of the inner loop in a block: a panel of B (depth × COLUMNS) takes two thirds of a 48 KB first-level cache.
DEPTH = 256
#: Rows of A in a block and panels of B in a group: their copies stay in the second-level cache.
HEIGHT = 264 // ROWS * ROWS
PANELS = 4
_GROUP = PANELS * DEPTH * COLUMNS
_PANEL = DEPTH * COLUMNS
_GAP = 16  # keeps the rows of a copy off the same cache sets
_BLOCK = (DEPTH + _GAP) * HEIGHT
#: Numbers between the first and the last of B that few tiles, and many, read where they stand. Rows of B that are far
#: apart share few sets of the first-level cache, which costs a loop of short vectors more than a copy does.
_NEAR = 131072
_NEAR_FOR_MANY = _NEAR if WIDE else 8192 * 4 // SIZE
#: Columns of C from which on it pays to copy rows or columns of A that are far apart.
_MANY_COLUMNS = 4 * COLUMNS if WIDE else 16 * COLUMNS


@shared("riiriiririiii")
def multiply(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, b_column: int, c: Any, c_row: int,
    start: Any, start_row: int, rows: int, columns: int, inner: int,
) -> None:  # fmt: skip
    """C (rows, columns) = start + A (rows, inner)·B (inner, columns).

    `start` is a matrix with rows `start_row` apart, or a null pointer for 0.
    """
    given = not is_null(start)
    near = _NEAR if rows < 8 * ROWS else _NEAR_FOR_MANY
    if b_column == 1 and (rows < 4 * ROWS or inner * b_row < near):
        _direct(
            a, a_row, a_column, b, b_row, COLUMNS, c, c_row, start, start_row, given, rows, columns, inner
        )  # fmt: skip
    else:
        _blocked(
            a, a_row, a_column, b, b_row, b_column, c, c_row, start, start_row, given, rows, columns, inner
        )  # fmt: skip


@inline
def product(
    a: Any,
    a_row: int,
    a_column: int,
    b: Any,
    b_row: int,
    c: Any,
    c_row: int,
    rows: int,
    columns: int,
    inner: int,
    add: bool,
) -> None:
    """C = A·B, or C += A·B when `add`.

    Args:
        a: pointer to A (rows, inner); element (i, k) is `a[i * a_row + k * a_column]`.
        b: pointer to B (inner, columns); element (k, j) is `b[k * b_row + j]`.
        c: pointer to C (rows, columns); element (i, j) is `c[i * c_row + j]`.
    """
    start = c if add else null()
    multiply(a, a_row, a_column, b, b_row, 1, c, c_row, start, c_row, rows, columns, inner)


@inline
def product_bias(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int, bias: Any,
    rows: int, columns: int, inner: int,
) -> None:  # fmt: skip
    """C = A·B + bias, where bias (columns,) is added to each row; the other arguments are those of `product`."""
    multiply(a, a_row, a_column, b, b_row, 1, c, c_row, bias, 0, rows, columns, inner)


@inline
def product_transposed(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int,
    rows: int, columns: int, inner: int, add: bool,
) -> None:  # fmt: skip
    """C = A·Bᵀ, or C += A·Bᵀ when `add`; element (j, k) of B (columns, inner) is `b[j * b_row + k]`."""
    start = c if add else null()
    multiply(a, a_row, a_column, b, 1, b_row, c, c_row, start, c_row, rows, columns, inner)


@inline
def _direct(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, b_panel: int, c: Any, c_row: int,
    start: Any, start_row: int, given: bool, rows: int, columns: int, inner: int,
) -> None:  # fmt: skip
    """C = start + A·B by tiles.

    A tile's columns of B start `b_panel` numbers after those of the tile before; `a_column` 0 means that A was copied
    tile by tile.
    """
    right = b
    for j in range(0, columns, COLUMNS):
        width = min(COLUMNS, columns - j)
        i = 0
        while i < rows:
            height = _height(rows - i)
            first = shifted(start, i * start_row + j) if given else start
            target = shifted(c, i * c_row + j)
            left = shifted(a, i * (a_row if a_column != 0 else DEPTH))
            step = a_column if a_column != 0 else height
            tile(left, a_row, step, right, b_row, target, c_row, first, start_row, height, width, inner)
            i += height
        right = shifted(right, b_panel)


@inline
def _height(left: int) -> int:
    """Rows of the next tile: full ones, but the last two share what is left."""
    return left if left <= ROWS else ROWS if left >= 2 * ROWS else (left + 1) >> 1


@inline
def _blocked(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, b_column: int, c: Any, c_row: int,
    start: Any, start_row: int, given: bool, rows: int, columns: int, inner: int,
) -> None:  # fmt: skip
    """C = start + A·B from copies of blocks of A and panels of B that stay in the caches."""
    panels = scratch(_GROUP)
    block = scratch(_BLOCK)
    for i in range(0, rows, HEIGHT):
        height = min(HEIGHT, rows - i)
        for k in range(0, max(inner, 1), DEPTH):
            depth = min(DEPTH, inner - k)
            more = given or k > 0
            first, first_row = (c, c_row) if k > 0 else (start, start_row)
            left, left_row, left_column = shifted(a, i * a_row + k * a_column), a_row, a_column
            if columns >= _MANY_COLUMNS and (a_row >= 512 or a_column >= 512):
                _pack_left(block, left, a_row, a_column, height, depth)
                left, left_row, left_column = block, 1 if a_row == 1 else DEPTH + _GAP, 0 if a_row == 1 else 1
            for j in range(0, columns, PANELS * COLUMNS):
                width = min(PANELS * COLUMNS, columns - j)
                _pack(panels, shifted(b, k * b_row + j * b_column), b_row, b_column, depth, width)
                place = shifted(first, i * first_row + j) if more else first
                _direct(
                    left, left_row, left_column, panels, COLUMNS, _PANEL, shifted(c, i * c_row + j), c_row,
                    place, first_row, more, height, width, depth,
                )  # fmt: skip


@inline
def _pack_left(block: Any, a: Any, a_row: int, a_column: int, rows: int, inner: int) -> None:
    """Copies a block of A, its contiguous axis kept; if that is the column, the numbers of each tile stand together."""
    if a_row == 1:
        i = 0
        while i < rows:
            height = _height(rows - i)
            for k in range(inner):
                for r in range(0, height, LANES):
                    source = shifted(a, k * a_column + i + r)
                    move(shifted(block, i * DEPTH + k * height + r), source, min(LANES, height - r))
            i += height
    else:
        for i in range(rows):
            for k in range(0, inner, LANES):
                move(shifted(block, i * (DEPTH + _GAP) + k), shifted(a, i * a_row + k), min(LANES, inner - k))


@inline
def _pack(panels: Any, b: Any, b_row: int, b_column: int, inner: int, columns: int) -> None:
    """Copies columns of B into panels of COLUMNS columns, one after the other."""
    if b_column == 1:
        for k in range(inner):
            for j in range(0, columns, LANES):
                move(_in_panels(panels, k, j), shifted(b, k * b_row + j), min(LANES, columns - j))
    elif inner * columns <= 32:
        for j in range(columns):
            for k in range(inner):
                _in_panels(panels, k, j)[0] = b[k * b_row + j * b_column]
    else:
        for j in range(0, columns, LANES):
            for k in range(0, inner, LANES):
                source = shifted(b, k * b_row + j * b_column)
                turn(
                    _in_panels(panels, k, j), COLUMNS, source, b_column, min(LANES, columns - j), min(LANES, inner - k)
                )


@inline
def _in_panels(panels: Any, k: int, j: int) -> Any:
    """Where number (k, j) of B stands among the panels."""
    return shifted(panels, (j // COLUMNS) * _PANEL + k * COLUMNS + j % COLUMNS)
