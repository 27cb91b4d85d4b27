"""Pooling over the steps of a sequence that are there: those whose features are all exactly 0 are padding."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.places import put
from nnplay.kernels.operands import adds, dimension, pointer, ratio, share, shifted, size
from nnplay.kernels.span_sums import zero
from nnplay.operations.recurrent import PRESENT
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Plan
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]


def plan_present(shape: Shape, *, mean: bool) -> Plan:
    """A sequence (N, T, C) → (N, C): the mean or the maximum of each channel over the steps that are there.

    Raises:
        InputError: the input is no sequence.
    """
    if len(shape) != 2:
        what = f"padding only applies to sequences (steps, features); the input is {shape_text(shape)}"
        raise InputError(what, hint="leave out padded")
    steps, features = shape
    cost = 2 * steps * features
    forward, backward = (MEAN, MEAN_BACK) if mean else (LARGEST, LARGEST_BACK)
    return Plan(
        output=(features,),
        forward=(Use(PRESENT, cost=cost), Use(forward, cost=cost)),
        backward=(Use(backward, {"T": steps}, cost),),
        saved={"present": (BATCH, steps)} | ({} if mean else {"which": (BATCH, features)}),
    )


@inline
def count_present(present: Any, T: int) -> Any:
    """How many of T steps are no padding, as what a mean is divided by: at least 1."""
    count = 0
    for t in range(T):
        count += 1 if present[t] != 0.0 else 0
    return DTYPE(max(1, count))


@kernel
def mean_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `mean`: every parts-th number of y (N, C)."""
    x, present, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    T, C = dimension(row, 0, 1), dimension(row, 0, 2)
    at = part
    while at < size(row, 2):
        n, total = ratio(at, C), DTYPE(0.0)
        for t in range(T):
            if present[n * T + t] != 0.0:
                total += x[(n * T + t) * C + at - n * C]
        y[at] = total / count_present(shifted(present, n * T), T)
        at += row[ROW_PARTS]


@kernel
def mean_back_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `mean_back`: every parts-th number of dx (N, T, C)."""
    dy, present, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    T, C = dimension(row, 2, 1), dimension(row, 2, 2)
    at = part
    while at < size(row, 2):
        line = ratio(at, C)
        n, slope = ratio(line, T), DTYPE(0.0)
        if present[line] != 0.0:
            slope = dy[n * C + at - line * C] / count_present(shifted(present, n * T), T)
        put(dx, at, slope, adds(row, 2))
        at += row[ROW_PARTS]


@kernel
def largest_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `largest`: every parts-th number of y and which (N, C)."""
    x, present = pointer(row, memory, 0), pointer(row, memory, 1)
    y, which = pointer(row, memory, 2), pointer(row, memory, 3)
    T, C = dimension(row, 0, 1), dimension(row, 0, 2)
    at = part
    while at < size(row, 2):
        n, best, chosen = ratio(at, C), DTYPE(0.0), -1
        for t in range(T):
            value = x[(n * T + t) * C + at - n * C]
            if present[n * T + t] != 0.0 and (chosen < 0 or value > best or (value != value and best == best)):
                best, chosen = value, t
        y[at], which[at] = best, DTYPE(chosen)
        at += row[ROW_PARTS]


@kernel
def largest_back_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `largest_back`: every parts-th number of dx (N, T, C)."""
    dy, which, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    T, C = dimension(row, 2, 1), dimension(row, 2, 2)
    at = part
    while at < size(row, 2):
        line = ratio(at, C)
        n = ratio(line, T)
        k = n * C + at - line * C
        put(dx, at, dy[k] if which[k] == DTYPE(line - n * T) else DTYPE(0.0), adds(row, 2))
        at += row[ROW_PARTS]


def _count(present: Array) -> Array:
    """(N, 1), at least 1."""
    return np.asarray(np.maximum(1, (present != 0).sum(axis=1, keepdims=True)))


def _mean(x: Array, present: Array) -> Array:
    return np.asarray((x * (present != 0)[..., None]).sum(axis=1) / _count(present), x.dtype)


def _mean_back(dy: Array, present: Array) -> Array:
    return np.asarray((dy / _count(present))[:, None] * (present != 0)[..., None], dy.dtype)


def _largest(x: Array, present: Array) -> tuple[Array, Array]:
    there = (present != 0)[..., None]
    masked = np.where(there, x, -np.inf)
    some = there.any(axis=1)
    return np.where(some, masked.max(axis=1), 0), np.where(some, masked.argmax(axis=1), -1)


def _largest_back(dy: Array, which: Array, T: int) -> Array:
    return np.where(np.arange(T)[:, None] == which[:, None], dy[:, None], 0)


def _mean_element(at: tuple[int, ...], x: Named, present: Named) -> Term:
    n, c = at
    there = [t for t in range(x.shape[1]) if present.array[n, t] != 0]
    return total(x[n, t, c] for t in there) / max(1, len(there))


def _mean_back_element(at: tuple[int, ...], dy: Named, present: Named) -> Term:
    n, t, c = at
    return dy[n, c] / float(_count(present.array)[n, 0]) if present.array[n, t] != 0 else as_term(0.0)


def _largest_element(at: tuple[int, ...], x: Named, present: Named) -> Term:
    n, c = at
    there = [x[n, t, c] for t in range(x.shape[1]) if present.array[n, t] != 0]
    return apply("max", lambda *all: max(all), *there) if there else as_term(0.0)


def _largest_back_element(at: tuple[int, ...], dy: Named, which: Named, T: int) -> Term:
    n, t, c = at
    return dy[n, c] * 1.0 if t == int(which.array[n, c]) else as_term(0.0)


@kernel
def mean(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = Σₜ x[n,t,c] / T', over the T' steps where present[n,t] ≠ 0; x (N, T, C), present (N, T), y (N, C)."""
    x, present, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, T, C = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        Y, count = shifted(y, n * C), 0
        zero(Y, C)
        for t in range(T):
            if present[n * T + t] != 0.0:
                count += 1
                X = shifted(x, (n * T + t) * C)
                for c in range(C):
                    Y[c] += X[c]
        share_of_each = DTYPE(max(1, count))
        for c in range(C):
            Y[c] = Y[c] / share_of_each


@kernel
def mean_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = Σₜ x[n,t,c] / T', so dx[n,t,c] = dy[n,c] / T' where present, else 0; dy (N, C), dx (N, T, C)."""
    dy, present, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, T, C = dimension(row, 2, 0), dimension(row, 2, 1), dimension(row, 2, 2)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        D, count = shifted(dy, n * C), 0
        if not adds(row, 2):
            zero(shifted(dx, n * T * C), T * C)
        for t in range(T):
            count += 1 if present[n * T + t] != 0.0 else 0
        share_of_each = DTYPE(max(1, count))
        for t in range(T):
            if present[n * T + t] != 0.0:
                X = shifted(dx, (n * T + t) * C)
                for c in range(C):
                    X[c] += D[c] / share_of_each


@kernel
def largest(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = maxₜ x[n,t,c] where present[n,t] ≠ 0, which[n,c] = that t, or 0 and −1; x (N, T, C), y (N, C)."""
    x, present = pointer(row, memory, 0), pointer(row, memory, 1)
    y, which = pointer(row, memory, 2), pointer(row, memory, 3)
    N, T, C = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        Y, chosen = shifted(y, n * C), shifted(which, n * C)
        for c in range(C):
            Y[c] = 0.0
            chosen[c] = -1.0
        for t in range(T):
            if present[n * T + t] != 0.0:
                X = shifted(x, (n * T + t) * C)
                for c in range(C):
                    value, best = X[c], Y[c]
                    better = (chosen[c] < 0.0) | (value > best) | ((value != value) & (best == best))
                    Y[c] = value if better else best
                    chosen[c] = DTYPE(t) if better else chosen[c]


@kernel
def largest_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = x[n,which,c], so dx[n,t,c] = dy[n,c] where t = which[n,c], else 0; dy, which (N, C), dx (N, T, C)."""
    dy, which, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, T, C = dimension(row, 2, 0), dimension(row, 2, 1), dimension(row, 2, 2)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        if not adds(row, 2):
            zero(shifted(dx, n * T * C), T * C)
        for c in range(C):
            t = int(which[n * C + c])
            if t >= 0:
                dx[(n * T + t) * C + c] += dy[n * C + c]


MEAN: Final = Operation(
    name="mean over the steps present",
    kernel=mean,
    cuda=(CudaRow(mean_cuda),),
    reads=("x", "present"),
    writes=("y",),
    reference=_mean,
    formula="y[n,c] = Σ x[n,t,c] / T', over the T' steps t where present[n,t]",
    words="How strongly each channel responded overall; padding is neither summed nor counted.",
    element=_mean_element,
    torch="(x * present).sum(1) / present.sum(1)",
)
MEAN_BACK: Final = Operation(
    name="gradient to the steps present",
    kernel=mean_back,
    cuda=(NumberRow(mean_back_cuda, gathers=True),),
    reads=("dy", "present"),
    writes=("dx",),
    reference=_mean_back,
    formula="dx[n,t,c] = dy[n,c] / T' where present[n,t], else 0",
    words="All steps that were there had an equal say, so they share the gradient equally.",
    element=_mean_back_element,
    torch="autograd",
)
LARGEST: Final = Operation(
    name="maximum over the steps present",
    kernel=largest,
    cuda=(CudaRow(largest_cuda),),
    reads=("x", "present"),
    writes=("y", "which"),
    reference=_largest,
    formula="y[n,c] = max x[n,t,c] over the steps t where present[n,t]; 0 without any",
    words="How strongly each channel responded where it responded most; padding does not take part.",
    element=_largest_element,
    torch="x.masked_fill(~present, -inf).amax(1)",
)
LARGEST_BACK: Final = Operation(
    name="gradient to the maximum",
    kernel=largest_back,
    cuda=(NumberRow(largest_back_cuda, gathers=True),),
    reads=("dy", "which"),
    writes=("dx",),
    integers=("T",),
    reference=_largest_back,
    formula="dx[n,t,c] = dy[n,c] where x was the largest, else 0",
    words="Only the step of the maximum had a say, so it alone gets the gradient.",
    element=_largest_back_element,
    torch="autograd",
)
