"""Matmul: the matrix product of two branches, row by row of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import flag
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import COMPILING, DTYPE, kernel
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Operation, Shape, Use, shape_text
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, total

if COMPILING:
    from nnplay.kernels.compile.intrinsics import multiply_add
    from nnplay.kernels.lanes import lane_dot

Array = NDArray[Any]
#: Which factor of a product is turned: none, the second, or the first.
PLAIN, SECOND, FIRST = 0, 1, 2
_LETTERS = {PLAIN: ("t,k", "k,m"), SECOND: ("t,k", "m,k"), FIRST: ("k,t", "k,m")}
#: The products of a layer, forward and into both branches, by whether the second branch is turned.
_PRODUCTS = {
    False: (("x0", "x1", PLAIN, "y"), ("dy", "x1", SECOND, "dx0"), ("x0", "dy", FIRST, "dx1")),
    True: (("x0", "x1", SECOND, "y"), ("dy", "x1", PLAIN, "dx0"), ("dy", "x0", FIRST, "dx1")),
}


MATMUL = LayerRecord(
    name="matmul",
    title="Matmul",
    family="combination",
    about="The matrix product of two branches, for each row of data by itself.",
    when="To let every step of a sequence look at every other one, as attention does.",
    plan=lambda values, shapes: plan(values, shapes),
    joins=True,
    fields=(flag("transpose", False, "turn the second matrix, so that rows are compared with rows"),),
    torch="torch.matmul(a, b)",
    twin=Twin("matmul", covers=lambda values, shapes: not values["transpose"]),
    cases=(
        Case({}, ((3, 3), (3, 5)), branches=2),
        Case({}, ((17, 17), (17, 20)), branches=2),
        Case({"transpose": True}, ((3, 4), (3, 4)), branches=2),
        Case({"transpose": True}, ((1, 33), (1, 33)), branches=2),
    ),
    refused=(
        Refused({}, (), "takes two branches, but has 0"),
        Refused({}, ((4,), (4, 5)), "branch 1 outputs 4, not a matrix"),
        Refused({}, ((3, 4), (3, 5)), "3×4 and 3×5 cannot be multiplied"),
        Refused({"transpose": True}, ((3, 4), (3, 5)), "3×4 and 3×5, turned, cannot be multiplied"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """(N, T, K) and (N, K, M), or (N, M, K) if that is turned → (N, T, M). No parameters.

    Raises:
        InputError: not two matrices, or sizes that do not meet.
    """
    turned = values["transpose"]
    _refuse(shapes, turned)
    (T, K), (rows, columns) = shapes
    M = rows if turned else columns
    cost = T * K * M
    forward, *backward = (Use(_product(*given), {"form": given[2]}, cost) for given in _PRODUCTS[turned])
    return Plan(output=(T, M), forward=(forward,), backward=tuple(backward), multiply_adds=cost)


def _refuse(shapes: tuple[Shape, ...], turned: bool) -> None:
    example = "matmul[linear 8 | identity]"
    if len(shapes) != 2:
        raise InputError(f"takes two branches, but has {len(shapes)}", where="matmul", hint=f"write {example}")
    for number, shape in enumerate(shapes, 1):
        if len(shape) != 2:
            what = f"branch {number} outputs {shape_text(shape)}, not a matrix"
            raise InputError(what, where="matmul", hint="give it sequences, or matrices made with reshape")
    one, other = shapes
    if one[1] != other[1 if turned else 0]:
        way = ", turned," if turned else ""
        what = f"{shape_text(one)} and {shape_text(other)}{way} cannot be multiplied"
        wanted = f"{other[0]}×{one[1]}" if turned else f"{one[1]}×{other[1]}"
        raise InputError(what, where="matmul", hint=f"let branch 2 output {wanted}")


def _product(one: str, other: str, form: int, target: str) -> Operation:
    """The row that multiplies two operands, of which `form` says which is turned."""
    a, b = (f"{name}[{letters}]" for name, letters in zip((one, other), _LETTERS[form], strict=True))
    forward = target == "y"
    words = (
        "Each number is the product of a row of the first branch and a column of the second."
        if forward
        else "Every place of a branch has a say wherever it was multiplied, as much as its partner there was large."
    )
    return Operation(
        name="matrix product" if forward else f"gradient into branch {int(target[-1]) + 1}",
        kernel=multiply,
        cuda=(NumberRow(multiply_cuda, gathers=True),),
        reads=(one, other),
        writes=(target,),
        reference=reference,
        formula=f"{target}[t,m] = Σₖ {a}·{b}",
        words=words,
        element=_element,
        integers=("form",),
        torch="torch.matmul" if forward else "autograd",
    )


def reference(a: Array, b: Array, form: int) -> Array:
    if form == FIRST:
        a = a.swapaxes(1, 2)
    return np.asarray(a @ (b.swapaxes(1, 2) if form == SECOND else b))


def _element(at: tuple[int, ...], a: Named, b: Named, form: int) -> Term:
    n, t, m = at
    K = a.shape[1 if form == FIRST else 2]
    return total(
        (a[n, k, t] if form == FIRST else a[n, t, k]) * (b[n, m, k] if form == SECOND else b[n, k, m]) for k in range(K)
    )


@kernel
def multiply(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,t,m] = Σₖ a[n,t,k]·b[n,k,m], for y (N, T, M); a stands as (N, K, T) or b as (N, M, K) where it is turned."""
    form = integer(row, 0)
    a, b, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, T, M = dimension(row, 2, 0), dimension(row, 2, 1), dimension(row, 2, 2)
    K = dimension(row, 0, 1 if form == FIRST else 2)
    start, stop = share(row, part, N * T)
    for line in range(start, stop):
        n, t = line // T, line % T
        A, B, Y = shifted(a, n * T * K), shifted(b, n * K * M), shifted(y, line * M)
        if not adds(row, 2):
            for m in range(M):
                Y[m] = DTYPE(0)
        if form == SECOND:
            for m in range(M):
                Y[m] += lane_dot(shifted(A, t * K), shifted(B, m * K), K)
        else:
            for k in range(K):
                factor, row_of_b = A[k * T + t] if form == FIRST else A[t * K + k], shifted(B, k * M)
                for m in range(M):
                    Y[m] = multiply_add(factor, row_of_b[m], Y[m])


@kernel
def multiply_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `multiply`: every parts-th number of y (N, T, M)."""
    form = integer(row, 0)
    a, b, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    T, M = dimension(row, 2, 1), dimension(row, 2, 2)
    K = dimension(row, 0, 1 if form == FIRST else 2)
    along_t, along_a = (1, T) if form == FIRST else (K, 1)
    along_m, along_b = (K, 1) if form == SECOND else (1, M)
    at = part
    while at < size(row, 2):
        line = quotient(at, M)
        n = quotient(line, T)
        left = shifted(a, n * T * K + (line - n * T) * along_t)
        right = shifted(b, n * K * M + (at - line * M) * along_m)
        begin = y[at] if adds(row, 2) else DTYPE(0.0)
        y[at] = chain(left, along_a, right, along_b, K, begin)
        at += row[ROW_PARTS]
