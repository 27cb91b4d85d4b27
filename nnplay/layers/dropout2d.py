"""Dropout2d: in training, a random share of the channels becomes 0, all places of a channel together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.fields import number
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP, ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.places import put
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.random import uniform
from nnplay.kernels.span_sums import last
from nnplay.operations.unchanged import OFF_BACK, unchanged
from nnplay.operations.window_geometry import need_places
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term, apply, scalar

Array = NDArray[Any]


DROPOUT2D = LayerRecord(
    name="dropout2d",
    title="Dropout2d",
    family="regularisation",
    about="Sets a random fraction of channels to 0 during training: dropout for images (Tompson et al., 2015).",
    when="Against overfitting between convolutions, where plain dropout does little.",
    plan=lambda values, shape: plan(values, shape),
    fields=(number("p", 0.5, "fraction of channels set to 0", low=0.0, high=0.999, live=True),),
    torch="Dropout2d",
    twin=Twin("nn.Dropout2d", same_arguments, channels_first=True, random=True),
    cases=(Case({}, (3, 4, 2)), Case({"p": 0.2}, (5, 17)), Case({"p": 0}, (2, 2, 3)), Case({"p": 0.9}, (2, 1, 3, 5))),
    refused=(
        Refused({"p": 1}, (3, 3, 1), "≥ 0 and ≤ 0.999"),
        Refused({"p": "half"}, (3, 3, 1), "not a number"),
        Refused({}, (5,), "has no axes besides its channels"),
        Refused({}, (2, 3, 4, 5, 1), "needs a sequence, an image or a volume with channels"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, H, W, C), or a sequence (N, T, C) alike; no parameters."""
    need_places(shape, most=4)
    count = prod(shape)
    return Plan(
        output=shape,
        forward=(Use(_forward_operation(), cost=2 * count),),
        backward=(Use(_backward_operation(), cost=2 * count),),
        evaluate=(Use(_EVALUATE, cost=count),),
        evaluate_backward=(Use(OFF_BACK, cost=count),),
        saved={"mask": (BATCH, shape[-1])},
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="dropout of channels",
        kernel=forward,
        cuda=(CudaRow(forward_cuda),),
        reads=("x", "p"),
        writes=("y", "mask"),
        reference=reference,
        formula="y[n,…,c] = x[n,…,c]·mask[n,c], where mask = 0 with probability p, else 1/(1 - p)",
        words=(
            "Sets whole channels to 0, different ones at every step. Single values could be guessed from neighbours."
        ),
        element=_element,
        integers=("stream",),
        uses_clock=True,
        torch="torch.nn.functional.dropout2d (with its own random numbers)",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="dropout of channels backward",
        kernel=backward,
        cuda=(NumberRow(backward_cuda, gathers=True),),
        reads=("dy", "mask"),
        writes=("dx",),
        reference=reference_back,
        formula="dx[n,…,c] = dy[n,…,c]·mask[n,c]",
        words="The gradient passes only where the channel did.",
        element=lambda at, dy, mask: dy[at] * mask[at[0], at[-1]],
        torch="autograd",
    )


def _mask(x: Array, p: float, stream: int, clock: Mapping[str, int]) -> Array:
    drawn = rng.uniform(clock["seed"], stream, clock["step"], (len(x), x.shape[-1]))
    return np.asarray((drawn >= p) / (1 - p))


def _spread_out(mask: Array, x: Array) -> Array:
    """(N, C) shaped to be multiplied with x (N, …, C)."""
    return mask.reshape(len(x), *(1,) * (x.ndim - 2), x.shape[-1])


def reference(x: Array, p: Array, stream: int, clock: Mapping[str, int]) -> tuple[Array, Array]:
    mask = _mask(x, p[0], stream, clock)
    return x * _spread_out(mask, x), mask


def reference_back(dy: Array, mask: Array) -> Array:
    return np.asarray(dy * _spread_out(mask, dy))


def _element(at: tuple[int, ...], x: Named, p: Named, stream: int, clock: Mapping[str, int]) -> Term:
    if _mask(x.array, float(p.array[0]), stream, clock)[at[0], at[-1]] == 0:
        return x[at] * apply("dropped", lambda value: value, 0.0)
    return x[at] / (1 - scalar("p", p))


_EVALUATE = unchanged(
    "dropout of channels (off)",
    "Nothing is dropped outside training.",
    "torch.nn.functional.dropout2d(x, training=False)",
)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,p,c] = x[n,p,c]·mask[n,c], where mask (N, C) is 0 with probability p, else 1 / (1 − p); x, y (N, P, C)."""
    x, p = pointer(row, memory, 0), pointer(row, memory, 1)[0]
    y, mask = pointer(row, memory, 2), pointer(row, memory, 3)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    N, C = dimension(row, 0, 0), last(row, 0)
    kept = 1.0 / (1.0 - p)  # kept channels grow, so that the mean stays and evaluation needs no scaling
    start, stop = share(row, part, N)
    for n in range(start, stop):
        M = shifted(mask, n * C)
        for c in range(C):
            M[c] = kept if uniform(seed, stream, step, n * C + c) >= p else 0.0
        _masked(row, x, y, M, n, C, False)


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,p,c] = x[n,p,c]·mask[n,c], so dx[n,p,c] = dy[n,p,c]·mask[n,c]; dx, dy (N, P, C), mask (N, C)."""
    dy, mask, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, C = dimension(row, 0, 0), last(row, 0)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        _masked(row, dy, dx, shifted(mask, n * C), n, C, adds(row, 2))


@inline
def _masked(row: Any, x: Any, y: Any, mask: Any, n: int, C: int, add: bool) -> None:
    """All places of example n times the mask of its channels."""
    P = size(row, 0) // (dimension(row, 0, 0) * C)
    for p in range(P):
        X, Y = shifted(x, (n * P + p) * C), shifted(y, (n * P + p) * C)
        if add:
            for c in range(C):
                Y[c] += X[c] * mask[c]
        else:
            for c in range(C):
                Y[c] = X[c] * mask[c]


@kernel
def forward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`: every parts-th number of y (N, P, C); the first place of a channel writes its mask."""
    x, p = pointer(row, memory, 0), pointer(row, memory, 1)[0]
    y, mask = pointer(row, memory, 2), pointer(row, memory, 3)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    N, C = dimension(row, 0, 0), last(row, 0)
    kept, image = 1.0 / (1.0 - p), quotient(size(row, 0), N)
    at = part
    while at < size(row, 0):
        n, c = quotient(at, image), at - quotient(at, C) * C
        own = kept if uniform(seed, stream, step, n * C + c) >= p else 0.0
        if at - n * image < C:
            mask[n * C + c] = own
        y[at] = x[at] * own
        at += row[ROW_PARTS]


@kernel
def backward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `backward`: every parts-th number of dx (N, P, C)."""
    dy, mask, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    C, image = last(row, 0), quotient(size(row, 0), dimension(row, 0, 0))
    at = part
    while at < size(row, 2):
        own = mask[quotient(at, image) * C + at - quotient(at, C) * C]
        put(dx, at, dy[at] * own, adds(row, 2))
        at += row[ROW_PARTS]
