"""Averaged weights: a running average of the parameters, kept beside them and changed at the end of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_BATCH, CLOCK_EPOCH
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.operands import flat, integer, part_of
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, scalar

Array = NDArray[Any]


@inline
def is_due(row: Any, clock: Any, first: Any) -> bool:
    """Whether the average changes in this step: the last of every `every` in its epoch, from epoch `first` on."""
    last: bool = (clock[CLOCK_BATCH] + 1) % integer(row, 0) == 0
    return last and bool(clock[CLOCK_EPOCH] + 1 >= first)


def due(clock: Mapping[str, int], first: Array, every: int) -> bool:
    """The same for definitions."""
    return (clock["batch"] + 1) % every == 0 and clock["epoch"] + 1 >= float(first[0])


@kernel
def follow(row: Any, clock: Any, memory: Any, part: int) -> None:
    """a ← w at first, then a ← a + (1 − ema_decay)·(w − a), for a and w (M,), count, decay and first epoch (1,)."""
    w, a = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    count, decay, first = flat(row, memory, 2)[0], flat(row, memory, 3)[0], flat(row, memory, 4)[0]
    if is_due(row, clock, first):
        share = 1.0 - decay
        for i in range(w.size):
            a[i] = w[i] if count == 0.0 else a[i] + share * (w[i] - a[i])


@kernel
def mean(row: Any, clock: Any, memory: Any, part: int) -> None:
    """a ← a + (w − a) / (count + 1), for a and w (M,), count and first epoch (1,)."""
    w, a = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    count, first = flat(row, memory, 2)[0], flat(row, memory, 3)[0]
    if is_due(row, clock, first):
        share = 1.0 / (count + 1.0)
        for i in range(w.size):
            a[i] = w[i] if count == 0.0 else a[i] + share * (w[i] - a[i])


@kernel
def increase(row: Any, clock: Any, memory: Any, part: int) -> None:
    """count ← count + 1 (1,), where the average has changed."""
    count, first = flat(row, memory, 0), flat(row, memory, 1)[0]
    if is_due(row, clock, first):
        count[0] = count[0] + 1.0


def _followed(
    w: Array, a: Array, count: Array, decay: Array, first: Array, clock: Mapping[str, int], every: int
) -> Array:
    if not due(clock, first, every):
        return a
    return w if count[0] == 0 else a + (1 - decay) * (w - a)


def _averaged(w: Array, a: Array, count: Array, first: Array, clock: Mapping[str, int], every: int) -> Array:
    if not due(clock, first, every):
        return a
    return w if count[0] == 0 else a + (w - a) / (count + 1)


def _follow_element(
    at: Any, w: Named, a: Named, count: Named, decay: Named, first: Named, clock: Mapping[str, int], every: int
) -> Term:
    if not due(clock, first.array, every):
        return a[at] * 1.0
    return w[at] * 1.0 if count.array[0] == 0 else a[at] + (1 - scalar("decay", decay)) * (w[at] - a[at])


def _mean_element(
    at: Any, w: Named, a: Named, count: Named, first: Named, clock: Mapping[str, int], every: int
) -> Term:
    if not due(clock, first.array, every):
        return a[at] * 1.0
    return w[at] * 1.0 if count.array[0] == 0 else a[at] + (w[at] - a[at]) / (scalar("count", count) + 1)


EMA = Operation(
    name="moving average of weights",
    kernel=follow,
    cuda=(NumberRow(follow),),
    reads=("parameters", "average", "averaged", "ema_decay", "average_from"),
    writes=("average",),
    reference=_followed,
    formula="a ← a + (1 − ema_decay)·(w − a)",
    words="An average of the latest weights, which leaves out the noise of single batches. Training does not use it.",
    element=_follow_element,
    integers=("every",),
    uses_clock=True,
    torch="torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn",
)
SWA = Operation(
    name="mean of the weights of epochs",
    kernel=mean,
    cuda=(NumberRow(mean),),
    reads=("parameters", "average", "averaged", "average_from"),
    writes=("average",),
    reference=_averaged,
    formula="a ← a + (w − a) / (count + 1), after the last batch of an epoch",
    words="The mean of the weights that epochs ended with, often in a wider valley. Training does not use it.",
    element=_mean_element,
    integers=("every",),
    uses_clock=True,
    torch="torch.optim.swa_utils.AveragedModel",
)
COUNT = Operation(
    name="count of averaged weights",
    kernel=increase,
    cuda=(CudaRow(increase, once),),
    reads=("averaged", "average_from"),
    writes=("averaged",),
    reference=lambda count, first, clock, every: count + float(due(clock, first, every)),
    formula="count ← count + 1",
    words="How many times the average has taken in the weights.",
    element=lambda at, count, first, clock, every: count[at] + float(due(clock, first.array, every)),
    integers=("every",),
    uses_clock=True,
    torch="n_averaged of torch.optim.swa_utils.AveragedModel",
)
