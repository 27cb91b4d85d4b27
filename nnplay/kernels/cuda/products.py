"""Products of matrices on a graphics card, and sums over rows: each number of the result by one thread, in order.

A number is one chain of multiply-adds in the order of k, as in `nnplay.kernels.tile`, so it is the same bit for bit.
Where a thread has four numbers or more, it takes four at once that share a factor, which is read once for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import COMPILING, DTYPE, inline
from nnplay.kernels.cuda.partial import sum_of
from nnplay.kernels.cuda.places import apart, put_apart
from nnplay.kernels.cuda.register_tile import AT_ONCE, BYTES, WHOLE, add_row
from nnplay.kernels.operands import shifted

if TYPE_CHECKING or COMPILING:
    from nnplay.kernels.compile.intrinsics import address_of
    from nnplay.kernels.cuda.quads import quad
else:
    address_of = quad = None


@inline
def chain(a: Any, a_step: int, b: Any, b_step: int, count: int, total: Any) -> Any:
    """total + Σ a[k·a_step]·b[k·b_step], one multiply-add after the other; eight pairs are read at once."""
    k = 0
    left = right = 0
    while k + 8 <= count:
        a0, a1, a2, a3 = a[left], a[left + a_step], a[left + 2 * a_step], a[left + 3 * a_step]
        b0, b1, b2, b3 = b[right], b[right + b_step], b[right + 2 * b_step], b[right + 3 * b_step]
        left += 4 * a_step
        right += 4 * b_step
        a4, a5, a6, a7 = a[left], a[left + a_step], a[left + 2 * a_step], a[left + 3 * a_step]
        b4, b5, b6, b7 = b[right], b[right + b_step], b[right + 2 * b_step], b[right + 3 * b_step]
        total = multiply_add(a1, b1, multiply_add(a0, b0, total))
        total = multiply_add(a3, b3, multiply_add(a2, b2, total))
        total = multiply_add(a5, b5, multiply_add(a4, b4, total))
        total = multiply_add(a7, b7, multiply_add(a6, b6, total))
        left += 4 * a_step
        right += 4 * b_step
        k += 8
    if k + 4 <= count:
        a0, a1, a2, a3 = a[left], a[left + a_step], a[left + 2 * a_step], a[left + 3 * a_step]
        b0, b1, b2, b3 = b[right], b[right + b_step], b[right + 2 * b_step], b[right + 3 * b_step]
        total = multiply_add(a1, b1, multiply_add(a0, b0, total))
        total = multiply_add(a3, b3, multiply_add(a2, b2, total))
        left += 4 * a_step
        right += 4 * b_step
        k += 4
    while k < count:
        total = multiply_add(a[left], b[right], total)
        left += a_step
        right += b_step
        k += 1
    return total


@inline
def add_four(total: Any, x: Any, y: Any) -> Any:
    """total + x·y for four numbers each, one multiply-add after the other."""
    return multiply_add(x[3], y[3], multiply_add(x[2], y[2], multiply_add(x[1], y[1], multiply_add(x[0], y[0], total))))


@inline
def add_eight(sums: Any, a: Any, a_step: int, given: Any) -> Any:
    """Four sums with eight products each, of numbers in a row from a[r·a_step] on and those given, four and four."""
    y, v = given
    a1, a2, a3 = shifted(a, a_step), shifted(a, 2 * a_step), shifted(a, 3 * a_step)
    x0, x1, x2, x3 = quad(a), quad(a1), quad(a2), quad(a3)
    z0, z1, z2, z3 = quad(shifted(a, 4)), quad(shifted(a1, 4)), quad(shifted(a2, 4)), quad(shifted(a3, 4))
    sums = add_four(sums[0], x0, y), add_four(sums[1], x1, y), add_four(sums[2], x2, y), add_four(sums[3], x3, y)
    return add_four(sums[0], z0, v), add_four(sums[1], z1, v), add_four(sums[2], z2, v), add_four(sums[3], z3, v)


@inline
def add_some(sums: Any, a: Any, a_step: int, given: Any) -> Any:
    """The same with b[k·b_step] for all k below a count, read one after the other, for (b, b_step, count)."""
    b, b_step, count = given
    for _ in range(count):
        sums = add_row(sums, b[0], apart(a, a_step))
        a, b = shifted(a, 1), shifted(b, b_step)
    return sums


@inline
def column(
    add: Any, given: Any, a: Any, a_step: int, begin: Any, begin_step: int, begins: bool, c: Any, step: int, left: int
) -> int:
    """c[r·step] = begin[r·begin_step] + what `add` finds from a[r·a_step] on, for four r at a time.

    There are numbers up to c[left - 1]; returns how many times four r fit.
    """
    fours = 0
    while left > 3 * step:
        sums = apart(begin, begin_step) if begins else (DTYPE(0.0), DTYPE(0.0), DTYPE(0.0), DTYPE(0.0))
        put_apart(c, step, add(sums, a, a_step, given), False)
        a, begin, c = shifted(a, 4 * a_step), shifted(begin, 4 * begin_step), shifted(c, 4 * step)
        left -= 4 * step
        fours += 1
    return fours


@inline
def row_chains(a: Any, a_step: int, b: Any, b_step: int, count: int, sums: Any) -> Any:
    """Four chains of one row: sums[c] + Σ a[k·a_step]·b[k·b_step + c], where four of b are read at once."""
    while count >= 4:
        x = apart(a, a_step)
        y0, y1, y2, y3 = quad(b), quad(shifted(b, b_step)), quad(shifted(b, 2 * b_step)), quad(shifted(b, 3 * b_step))
        sums = add_row(add_row(add_row(add_row(sums, x[0], y0), x[1], y1), x[2], y2), x[3], y3)
        a, b = shifted(a, 4 * a_step), shifted(b, 4 * b_step)
        count -= 4
    while count > 0:
        sums = add_row(sums, a[0], quad(b))
        a, b = shifted(a, a_step), shifted(b, b_step)
        count -= 1
    return sums


@inline
def multiply(
    a: Any, a_row: int, b: Any, b_row: int, b_column: int, begin: Any, begin_row: int, begins: bool, c: Any, count: int,
    columns: int, inner: int, part: int, parts: int,
) -> None:  # fmt: skip
    """Every parts-th of `count` numbers of C (…, columns) = A·B, or of begin + A·B.

    (i, k) of A is a[i·a_row + k], (k, j) of B b[k·b_row + j·b_column], (i, j) of begin begin[i·begin_row + j].
    """
    i, down = quotient(part, columns), quotient(parts, columns)
    j, across, left = part - i * columns, parts - down * columns, count - part
    if across == 0 and left > 3 * parts:  # all are of one column, and there are four or more
        A, B, C, D = (
            shifted(a, i * a_row),
            shifted(b, j * b_column),
            shifted(c, part),
            shifted(begin, i * begin_row + j),
        )
        fours, ahead, from_row, beginning = 0, inner, begin_row, begins
        if AT_ONCE and (address_of(a) | a_row * BYTES) & WHOLE == 0:
            while ahead >= 8:
                eight = apart(B, b_row), apart(shifted(B, 4 * b_row), b_row)  # which all are multiplied with
                fours = column(add_eight, eight, A, down * a_row, D, down * from_row, beginning, C, parts, left)
                A, B, D = shifted(A, 8), shifted(B, 8 * b_row), C
                from_row, beginning, ahead = columns, True, ahead - 8
        if ahead > 0:
            rest = B, b_row, ahead
            fours = column(add_some, rest, A, down * a_row, D, down * from_row, beginning, C, parts, left)
        i += 4 * down * fours
        left -= 4 * parts * fours
    while left > 0:
        total = begin[i * begin_row + j] if begins else DTYPE(0.0)
        c[count - left] = chain(shifted(a, i * a_row), 1, shifted(b, j * b_column), b_row, inner, total)
        left -= parts
        i += down
        j += across
        if j >= columns:
            i += 1
            j -= columns


@inline
def multiply_transposed(
    a: Any, b: Any, c: Any, rows: int, columns: int, inner: int, add: bool, one: Any, more: int, total: Any,
    add_total: bool, part: int, parts: int,
) -> None:  # fmt: skip
    """This part's numbers of C (rows, columns) = Aᵀ·B, or of C + Aᵀ·B, for A (inner, rows), B (inner, columns).

    Where `more` is 1, C has a row more, which is total (columns,) = 1ᵀ·B, or total + 1ᵀ·B; `one` is the number 1.
    """
    count = (rows + more) * columns
    if AT_ONCE and count > parts and (address_of(b) | columns * BYTES) & WHOLE == 0:
        at = 4 * part
        while at < count:
            i = quotient(at, columns)
            j = at - i * columns
            own = more == 0 or i < rows
            target, adds = (shifted(c, at), add) if own else (shifted(total, j), add_total)
            sums = apart(target, 1) if adds else (DTYPE(0.0), DTYPE(0.0), DTYPE(0.0), DTYPE(0.0))
            left, step = (shifted(a, i), rows) if own else (one, 0)
            sums = row_chains(left, step, shifted(b, j), columns, inner, sums)
            target[0], target[1], target[2], target[3] = sums
            at += 4 * parts
        return
    at = part
    while at < count:
        i = quotient(at, columns)
        j = at - i * columns
        own = more == 0 or i < rows
        target, adds = (shifted(c, at), add) if own else (shifted(total, j), add_total)
        left, step = (shifted(a, i), rows) if own else (one, 0)
        target[0] = chain(left, step, shifted(b, j), columns, inner, target[0] if adds else DTYPE(0.0))
        at += parts


@inline
def column_sums(x: Any, rows: int, columns: int, target: Any, add: bool, part: int, parts: int) -> None:
    """Every parts-th number of target (columns,) = Σ over the rows of x (rows, columns), or target + that."""
    j = part
    while j < columns:
        begin = 0.0
        if add:
            begin += target[j]
        target[j] = sum_of(shifted(x, j), columns, rows, begin)
        j += parts
