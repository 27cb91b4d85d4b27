"""From the cost of each answer to the loss of a batch: weights of rows and classes, ignored labels, mean or sum.

A loss that can be weighted has a row that writes `costs`, one for each answer. Two rows follow: one writes what each
answer counts (`factors`) and by what their sum is divided (`divisor`), the other the loss. The gradient of an answer is
then that of its cost, times its factor, divided by the divisor.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_BATCH, ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline, kernel
from nnplay.kernels.cuda.partial import fold, folds, once, parts, room, whole
from nnplay.kernels.operands import dimension, flat, integer, long_integer, ratio, size
from nnplay.operations.whole import add_block, block_added
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]
#: What `ignored` is where no label is.
NO_LABEL: Final = -(2**40)


@cache
def weigh(*, labels: bool, rows: bool, classes: bool) -> Operation:
    """The row that writes factors (N, …) and divisor (1,).

    Args:
        labels: the target is class labels, one of which may be ignored.
        rows: each row of the batch has a weight.
        classes: each class has one.
    """
    reads = ("costs", "target", *["weight"] * rows, *["class_weights"] * classes)
    terms = ["weight[n]"] * rows + ["[t ≠ ignored]"] * labels
    factor = "·".join(terms) or "1"
    counted = "·class_weights[t]" if classes else ""
    return Operation(
        name="weights of the answers",
        kernel=KERNELS[labels, rows, classes],
        cuda=CUDA[labels, rows, classes],
        reads=reads,
        writes=("factors", "divisor"),
        reference=_weigh_reference(labels, rows, classes),
        formula=f"factors = {factor};  divisor = Σ factors{counted}, or 1 where costs are summed",
        words="How much the cost of each answer counts, and by what the sum of them all is divided.",
        element=_weigh_element(labels, rows),
        integers=("ignored", "summed", "batch"),
        torch="weight and ignore_index of the loss functions; none for rows, whose costs are multiplied by hand",
    )


def _weight_of(labels: bool, rows: bool, classes: bool) -> Any:
    """What the cost of an answer counts, and what is counted of it in the divisor; see `_weigh_kernel`."""
    reads = 2 + int(rows) + int(classes)

    @inline
    def weight_of(row: Any, memory: Any, target: Any, m: int) -> Any:
        """The factor of answer m, and what it adds to the divisor."""
        answers = ratio(size(row, reads), dimension(row, reads, 0))
        factor = flat(row, memory, 2)[ratio(m, answers)] if rows else DTYPE(1.0)
        counted = factor
        if labels:
            label = int(target[m])
            if label == long_integer(row, 0):
                factor = DTYPE(0.0)
                counted = factor
            elif classes and 0 <= label < flat(row, memory, reads - 1).size:
                counted = factor * flat(row, memory, reads - 1)[label]
        return factor, counted

    return weight_of


def _weigh_cuda(labels: bool, rows: bool, classes: bool) -> tuple[CudaRow, ...]:
    """The rows on a graphics card: factors and partial sums, and the divisor from those."""
    reads = 2 + int(rows) + int(classes)
    name = "_".join(["", *["labels"] * labels, *["rows"] * rows, *["classes"] * classes])
    weight_of = _weight_of(labels, rows, classes)

    def weigh(row: Any, clock: Any, memory: Any, part: int) -> None:
        """factors (M,) of this part of the answers, and sums[part] = Σ factors·class_weights[target] of them."""
        target, factors = flat(row, memory, 1), flat(row, memory, reads)
        summed, m = np.float64(0), part
        while m < factors.size:
            factors[m], counted = weight_of(row, memory, target, m)
            summed += counted
            m += row[ROW_PARTS]
        room(row, memory)[part] = summed

    def divide(row: Any, clock: Any, memory: Any, part: int) -> None:
        """divisor (1,) = Σ sums, or 1 where costs are summed, or the share of the rows that are evaluated."""
        divisor = whole(row, memory)
        if integer(row, 1) != 0:
            divisor = DTYPE(1.0)
            if integer(row, 2) != 0:
                divisor = DTYPE(dimension(row, reads, 0)) / DTYPE(integer(row, 2))
        flat(row, memory, reads + 1)[0] = divisor

    weighed, divided = Kernel(f"{__name__}:weigh_partial{name}", weigh), Kernel(f"{__name__}:divisor{name}", divide)
    return CudaRow(weighed, parts), CudaRow(fold, folds), CudaRow(divided, once)


def _weigh_kernel(labels: bool, rows: bool, classes: bool) -> Kernel:
    reads = 2 + int(rows) + int(classes)
    name = "_".join(["weigh", *["labels"] * labels, *["rows"] * rows, *["classes"] * classes])

    weight_of = _weight_of(labels, rows, classes)

    def weigh(row: Any, clock: Any, memory: Any, part: int) -> None:
        """factors[m] = weight[n]·[target[m] ≠ ignored], divisor (1,) = Σ factors·class_weights[target].

        target, costs and factors (M,), weight (N,), class_weights (C,). Integers: the ignored label; whether costs are
        summed, and the rows that an evaluated sum then stands for (0: those that there are), so that parts compare.
        """
        target, factors, divisor = flat(row, memory, 1), flat(row, memory, reads), flat(row, memory, reads + 1)
        N = dimension(row, reads, 0)
        summed = np.float64(0)
        for m in range(factors.size):
            factors[m], counted = weight_of(row, memory, target, m)
            summed += counted
        if integer(row, 1) != 0:
            summed = np.float64(1.0) if integer(row, 2) == 0 else N / np.float64(integer(row, 2))
        divisor[0] = summed

    return Kernel(f"{__name__}:{name}", weigh)


_KINDS: Final = (
    (False, False, False),
    (False, True, False),
    (True, False, False),
    (True, True, False),
    (True, False, True),
    (True, True, True),
)
KERNELS: Final = {kind: _weigh_kernel(*kind) for kind in _KINDS}
CUDA: Final = {kind: _weigh_cuda(*kind) for kind in _KINDS}


def _weigh_reference(labels: bool, rows: bool, classes: bool) -> Any:
    def reference(
        costs: Array, target: Array, *more: Array, ignored: int, summed: int, batch: int
    ) -> tuple[Array, Array]:
        factors = np.ones(costs.shape)
        if rows:
            factors *= more[0].reshape(-1, *(1,) * (costs.ndim - 1))
        if labels:
            factors = np.where(target.reshape(costs.shape) == ignored, 0.0, factors)
        if summed:
            return factors, np.array([len(target) / batch if batch else 1.0])
        counted = factors
        if classes:
            label = target.reshape(costs.shape).astype(np.int64)
            known = (label >= 0) & (label < more[-1].size)
            counted = factors * np.where(known, more[-1][np.where(known, label, 0)], 1.0)
        return factors, np.array([counted.sum()])

    return reference


def _weigh_element(labels: bool, rows: bool) -> Any:
    def element(at: Any, costs: Named, target: Named, *more: Named, ignored: int, summed: int, batch: int) -> Term:
        if labels and target.array.reshape(costs.shape)[at] == ignored:
            return as_term(0.0)
        return more[0][at[0]] if rows else as_term(1.0)

    return element


@inline
def one_over(divisor: Any) -> Any:
    """1 / divisor; 0 where nothing counts, so that a batch of ignored rows costs and teaches nothing."""
    return 0.0 if divisor == 0.0 else 1.0 / divisor


def inverse(divisor: Array) -> Any:
    """The same in NumPy."""
    return 0.0 if divisor[0] == 0 else 1.0 / divisor[0]


@kernel
def loss_of_costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss (1,) = Σ factors·costs / divisor, for costs and factors (M,), divisor (1,); 0 where nothing counts."""
    costs, factors = flat(row, memory, 0), flat(row, memory, 1)
    divisor, loss = flat(row, memory, 2)[0], flat(row, memory, 3)
    summed = np.float64(0)
    for m in range(costs.size):
        summed += factors[m] * costs[m]
    loss[0] = 0.0 if divisor == 0.0 else summed / divisor


@kernel
def whole_loss_of_costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """tally (4,) += Σ factors·costs, divisor; loss (1,) = what the block adds to tally[0] / tally[1].

    costs and factors (M,), divisor (1,). The first block starts the tally anew.
    """
    costs, factors, divisor = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)[0]
    tally = flat(row, memory, 5)
    first = clock[CLOCK_BATCH] == 0
    summed = np.float64(0.0 if first else tally[0])
    for m in range(costs.size):
        summed += factors[m] * costs[m]
    finish_whole_loss(row, memory, summed, divisor, first)


@inline
def finish_whole_loss(row: Any, memory: Any, summed: Any, divisor: Any, first: bool) -> None:
    """Puts the sum so far into the tally (4,), and what the block adds to the loss (1,)."""
    loss, tally = flat(row, memory, 4), flat(row, memory, 5)
    tally[0] = summed
    tally[1] = divisor + (0.0 if first else tally[1])
    so_far = 0.0 if tally[1] == 0.0 else tally[0] / tally[1]
    loss[0] = add_block(tally, 2, first, dimension(row, 0, 0), so_far)


@kernel
def costs_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ factors·costs of this part of both (M,)."""
    costs, factors = flat(row, memory, 0), flat(row, memory, 1)
    summed, m = np.float64(0), part
    while m < costs.size:
        summed += factors[m] * costs[m]
        m += row[ROW_PARTS]
    room(row, memory)[part] = summed


@kernel
def loss_of_costs_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """loss (1,) = Σ sums / divisor, for divisor (1,); 0 where nothing counts."""
    divisor = flat(row, memory, 2)[0]
    flat(row, memory, 3)[0] = DTYPE(0.0) if divisor == 0.0 else whole(row, memory) / divisor


@kernel
def whole_loss_of_costs_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `whole_loss_of_costs`, from sums of factors·costs; tally (4,), loss (1,)."""
    first = clock[CLOCK_BATCH] == 0
    summed = whole(row, memory) + (DTYPE(0.0) if first else flat(row, memory, 5)[0])
    finish_whole_loss(row, memory, summed, flat(row, memory, 2)[0], first)


def _mean(costs: Array, factors: Array, divisor: Array) -> Array:
    return np.asarray((factors * costs).sum() * inverse(divisor)).reshape(1)


def _whole(costs: Array, factors: Array, divisor: Array, tally: Array, clock: Mapping[str, int]) -> tuple[Array, Array]:
    first = clock["batch"] == 0
    sums = np.array([(factors * costs).sum(), divisor[0]]) + (0 if first else tally[:2])
    so_far = 0.0 if sums[1] == 0 else sums[0] / sums[1]
    loss, told = block_added(tally[2:], first, len(costs), so_far)
    return np.asarray(loss).reshape(1), np.concatenate([sums, told])


def _mean_element(at: Any, costs: Named, factors: Named, divisor: Named) -> Term:
    c, f = Named("cost", costs.array.reshape(-1)), Named("factor", factors.array.reshape(-1))
    if divisor.array[0] == 0:
        return as_term(0.0)
    return total(f[m] * c[m] for m in range(c.array.size)) / divisor[0]


def _whole_element(
    at: Any, costs: Named, factors: Named, divisor: Named, tally: Named, clock: Mapping[str, int]
) -> Term:
    if clock["batch"] == 0:
        return _mean_element(at, costs, factors, divisor)
    loss, _ = _whole(costs.array, factors.array, divisor.array, tally.array, clock)
    return as_term(float(loss[0]))


LOSS: Final = Operation(
    name="loss of the costs",
    kernel=loss_of_costs,
    cuda=(CudaRow(costs_partial, parts), CudaRow(fold, folds), CudaRow(loss_of_costs_cuda, once)),
    reads=("costs", "factors", "divisor"),
    writes=("loss",),
    reference=_mean,
    formula="loss = Σ factors·costs / divisor",
    words="The costs of all answers, each times what it counts, as one number.",
    element=_mean_element,
    torch="reduction='mean' or 'sum' of the loss functions",
)
WHOLE_LOSS: Final = Operation(
    name="loss of all blocks",
    kernel=whole_loss_of_costs,
    cuda=(CudaRow(costs_partial, parts), CudaRow(fold, folds), CudaRow(whole_loss_of_costs_cuda, once)),
    reads=("costs", "factors", "divisor", "tally"),
    writes=("loss", "tally"),
    reference=_whole,
    formula="tally += Σ factors·costs, divisor;  loss = what this block adds to tally[0] / tally[1]",
    words="A part of the data is evaluated in blocks. Their costs are added up first and divided last.",
    element=_whole_element,
    uses_clock=True,
    torch="reduction='mean' or 'sum' of the loss functions, over all rows at once",
)
