"""JᵀJ and Jᵀr, added up over the rows of a step block by block, so that the whole Jacobian is never in memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_OFFSET, ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.matmul import product
from nnplay.kernels.operands import dimension, flat, integer, pointer, ratio, rows_of, share, shifted, size
from nnplay.records.cuda_work import WorkRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]
#: Lines of JᵀJ that are worked out together; only what stands left of them and below, since JᵀJ is symmetric.
LINES: Final = 12


@kernel
def add_gram(row: Any, clock: Any, memory: Any, part: int) -> None:
    """gram (M, M) += Jᵀ·J, in lines up to their block's end, for J (N, M); the first block and output begin at 0."""
    M, N = dimension(row, 1, 0), dimension(row, 0, 0)
    G, J = pointer(row, memory, 2), pointer(row, memory, 0)
    more = clock[CLOCK_OFFSET] != 0 or integer(row, 0) != 0
    blocks = (M + LINES - 1) // LINES
    start, stop = share(row, part, blocks)
    for block in range(start, stop):
        first, end = block * LINES, min((block + 1) * LINES, M)
        product(shifted(J, first), 1, M, J, M, shifted(G, first * M), M, end - first, end, N, more)


@kernel
def add_pull(row: Any, clock: Any, memory: Any, part: int) -> None:
    """pull (M,) += Jᵀ·r with r[n] = output[n,k] − target[n,k], for J (N, M); the first block and output begin at 0."""
    J, p, t, pull = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2), flat(row, memory, 4)
    k, K = integer(row, 0), integer(row, 1)
    if clock[CLOCK_OFFSET] == 0 and k == 0:
        for m in range(pull.size):
            pull[m] = 0.0
    for n in range(J.shape[0]):
        r = p[n * K + k] - t[n * K + k]
        for m in range(pull.size):
            pull[m] += J[n, m] * r


@kernel
def add_gram_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `add_gram`: every parts-th number of gram (M, M) up to the end of its block of lines."""
    M, N, J, G = dimension(row, 1, 0), dimension(row, 0, 0), pointer(row, memory, 0), pointer(row, memory, 2)
    more = clock[CLOCK_OFFSET] != 0 or integer(row, 0) != 0
    at = part
    while at < M * M:
        i = ratio(at, M)
        j = at - i * M
        if j < (ratio(i, LINES) + 1) * LINES:
            G[at] = chain(shifted(J, i), M, shifted(J, j), M, N, G[at] if more else DTYPE(0.0))
        at += row[ROW_PARTS]


@kernel
def add_pull_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `add_pull`: every parts-th number of pull (M,)."""
    J, p, t, pull = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 4)
    k, K, N, M = integer(row, 0), integer(row, 1), dimension(row, 0, 0), size(row, 4)
    more = clock[CLOCK_OFFSET] != 0 or k != 0
    m = part
    while m < M:
        total = pull[m] if more else DTYPE(0.0)
        for n in range(N):
            total = multiply_add(J[n * M + m], p[n * K + k] - t[n * K + k], total)
        pull[m] = total
        m += row[ROW_PARTS]


def _gram_work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """N multiply-adds for each number of the lower half of gram (M, M), for J (N, M)."""
    return sizes[0] * math.isqrt(sizes[1]) // 2, sizes[1]


def _pull_work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """N multiply-adds for each number of pull (M,), for J (N, M)."""
    return sizes[0], sizes[3]


def _begun(clock: Mapping[str, int], output: int) -> bool:
    return clock["offset"] != 0 or output != 0


def _gram(jacobian: Array, gram: Array, clock: Mapping[str, int], output: int, outputs: int) -> Array:
    lines = np.arange(len(gram))
    worked = lines[None, :] < ((lines // LINES + 1) * LINES)[:, None]
    base = gram if _begun(clock, output) else np.zeros_like(gram)
    return np.where(worked, base + jacobian.T @ jacobian, gram)


def _gram_element(at: Any, jacobian: Named, gram: Named, clock: Mapping[str, int], output: int, outputs: int) -> Term:
    i, j = at
    if j >= (i // LINES + 1) * LINES:
        return gram[at] * 1.0
    made = total(jacobian[n, i] * jacobian[n, j] for n in range(jacobian.shape[0]))
    return gram[at] + made if _begun(clock, output) else made


def _residuals(p: Array, t: Array, output: int) -> Array:
    return np.asarray((p - t.reshape(p.shape)).reshape(len(p), -1)[:, output])


def _pull(
    jacobian: Array, p: Array, t: Array, pull: Array, clock: Mapping[str, int], output: int, outputs: int
) -> Array:
    return jacobian.T @ _residuals(p, t, output) + (pull if _begun(clock, output) else 0.0)


def _pull_element(
    at: Any, jacobian: Named, p: Named, t: Named, pull: Named, clock: Mapping[str, int], output: int, outputs: int
) -> Term:
    r = Named("r", _residuals(p.array, t.array, output))
    made = total(jacobian[n, at[0]] * r[n] for n in range(jacobian.shape[0]))
    return pull[at] + made if _begun(clock, output) else made


GRAM = Operation(
    name="JᵀJ",
    kernel=add_gram,
    cuda=(WorkRow(add_gram_cuda, work=_gram_work),),
    reads=("jacobian", "gram"),
    writes=("gram",),
    reference=_gram,
    formula="G[i,j] += Σₙ J[n,i]·J[n,j], for j up to i (G is symmetric)",
    words="How much two parameters do the same for the answers; it stands for the curvature of the loss.",
    element=_gram_element,
    integers=("output", "outputs"),
    uses_clock=True,
    torch="J.T @ J",
)
PULL = Operation(
    name="Jᵀr",
    kernel=add_pull,
    cuda=(WorkRow(add_pull_cuda, work=_pull_work),),
    reads=("jacobian", "output", "target", "pull"),
    writes=("pull",),
    reference=_pull,
    formula="v[m] += Σₙ J[n,m]·(output[n,k] − target[n,k])",
    words="How strongly the errors pull at each parameter: half the gradient of their sum of squares.",
    element=_pull_element,
    integers=("output", "outputs"),
    uses_clock=True,
    torch="J.T @ r",
)
