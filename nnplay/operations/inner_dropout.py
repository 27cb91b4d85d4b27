"""Dropout within a layer that has several places for it: each draws numbers of its own from the layer's stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, flat, integer, part_of, place_of, size
from nnplay.kernels.random import uniform
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, apply, scalar

Array = NDArray[Any]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dropped = x·mask, where mask = 0 with probability p, else 1 / (1 − p); x, dropped, mask (M,)."""
    x, p = part_of(row, memory, 0, part), flat(row, memory, 1)[0]
    dropped, mask = part_of(row, memory, 2, part), part_of(row, memory, 3, part)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    kept = 1.0 / (1.0 - p)
    count = size(row, 0)
    before = integer(row, 1) * count
    for i in range(x.size):
        mask[i] = kept if uniform(seed, stream, step, before + place_of(row, part, count, i)) >= p else 0.0
        dropped[i] = x[i] * mask[i]


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dropped = x·mask, so dx = ddropped·mask, all (M,)."""
    ddropped, mask = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    dx = part_of(row, memory, 2, part)
    for i in range(dx.size):
        dx[i] = (dx[i] if adds(row, 2) else 0.0) + ddropped[i] * mask[i]


def _mask(x: Array, p: float, stream: int, place: int, clock: Mapping[str, int]) -> Array:
    """(…) like x: numbers of the stream from place · size on."""
    index = np.arange(x.size, dtype=np.int64) + place * x.size
    drawn = (rng.bits(clock["seed"], stream, clock["step"], index) >> np.uint64(8)).astype(np.float64) * 2.0**-24
    return (drawn.reshape(x.shape) >= p) / (1 - p)


def _dropped(x: Array, p: Array, stream: int, place: int, clock: Mapping[str, int]) -> tuple[Array, Array]:
    mask = _mask(x, p[0], stream, place, clock)
    return x * mask, mask


def _element(
    at: tuple[int, ...], x: Named, p: Named, stream: int, place: int, clock: Mapping[str, int]
) -> Term:  # fmt: skip
    if _mask(x.array, float(p.array[0]), stream, place, clock)[at] == 0:
        return x[at] * apply("dropped", lambda value: value, 0.0)
    return x[at] / (1 - scalar("p", p))


INNER_DROPOUT = Operation(
    name="dropout between layers",
    kernel=forward,
    cuda=(NumberRow(forward),),
    reads=("x", "p"),
    writes=("dropped", "mask"),
    reference=_dropped,
    formula="dropped = x·mask, where mask = 0 with probability p, else 1/(1 − p)",
    words="Sets random values to 0 on their way to the next layer of the stack, different ones at every step.",
    element=_element,
    integers=("stream", "place"),
    uses_clock=True,
    torch="torch.nn.functional.dropout (with its own random numbers)",
)
INNER_DROPOUT_BACK = Operation(
    name="dropout between layers backward",
    kernel=backward,
    cuda=(NumberRow(backward),),
    reads=("ddropped", "mask"),
    writes=("dx",),
    reference=lambda ddropped, mask: ddropped * mask,
    formula="dx = ddropped·mask",
    words="The gradient passes only where the value did.",
    element=lambda at, ddropped, mask: ddropped[at] * mask[at],
    torch="autograd",
)
