"""Gradient accumulation: a step takes several batches, and its gradient is the mean over all their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_OFFSET
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.operands import dimension, part_of
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


@kernel
def take_in(row: Any, clock: Any, memory: Any, part: int) -> None:
    """mean ← value for the first batch of a step, then mean + (value − mean)·N / (before + N), for both (M,).

    The batch has N rows (N, …), and `before` rows of the step came in front of it.
    """
    value, mean = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    N, before = dimension(row, 2, 0), clock[CLOCK_OFFSET]
    share = DTYPE(N / (before + N))
    for i in range(value.size):
        mean[i] = value[i] if before == 0 else mean[i] + share * (value[i] - mean[i])


@kernel
def put_in_place(row: Any, clock: Any, memory: Any, part: int) -> None:
    """g ← mean, both (M,)."""
    mean, g = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    for i in range(g.size):
        g[i] = mean[i]


def _taken_in(value: Array, mean: Array, batch: Array, clock: Mapping[str, int]) -> Array:
    before = clock["offset"]
    return value if before == 0 else mean + (value - mean) * (len(batch) / (before + len(batch)))


def _element(at: Any, value: Named, mean: Named, batch: Named, clock: Mapping[str, int]) -> Term:
    before, count = clock["offset"], batch.shape[0]
    return value[at] * 1.0 if before == 0 else mean[at] + (value[at] - mean[at]) * (count / (before + count))


MEAN = Operation(
    name="mean over batches",
    kernel=take_in,
    cuda=(NumberRow(take_in),),
    reads=("value", "mean", "input"),
    writes=("mean",),
    reference=_taken_in,
    formula="mean ← mean + (value − mean)·N / (rows before + N)",
    words="A step takes several batches: what each came to is averaged, every row counting alike.",
    element=_element,
    uses_clock=True,
    torch="several backward() before one step(), each loss divided by their number",
)
PUT_IN_PLACE = Operation(
    name="gradient of all batches",
    kernel=put_in_place,
    cuda=(NumberRow(put_in_place),),
    reads=("mean",),
    writes=("gradients",),
    reference=lambda mean: mean.copy(),
    formula="g ← mean",
    words="The gradient of the step is the mean over all rows of its batches.",
    element=lambda at, mean: mean[at] * 1.0,
    torch="the gradient that several backward() have added up",
)
