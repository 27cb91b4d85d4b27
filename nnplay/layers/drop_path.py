"""DropPath: in training, a branch is left out of a network for some rows (stochastic depth, Huang et al., 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

from numpy.typing import NDArray

from nnplay import rng
from nnplay.fields import number
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.random import uniform
from nnplay.operations.unchanged import OFF_BACK, unchanged
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, apply, scalar

Array = NDArray[Any]


DROP_PATH = LayerRecord(
    name="drop_path",
    title="DropPath",
    family="regularisation",
    about="Sets all values of some rows to 0 during training; at the end of a branch, it leaves the branch out.",
    when="At the end of the branch in a deep residual block: sum[identity | linear 8, relu, linear 8, drop_path 0.1].",
    traits=Traits(each_step=True),
    plan=lambda values, shape: plan(values, shape),
    fields=(number("p", 0.1, "fraction of rows that go without", low=0.0, high=0.999, live=True),),
    torch="torchvision.ops.StochasticDepth(p, 'row')",
    cases=(Case({}, (5,)), Case({"p": 0.5}, (3, 4, 2)), Case({"p": 0}, (3,))),
    refused=(Refused({"p": 1}, (5,), "≥ 0 and ≤ 0.999"), Refused({"p": "half"}, (5,), "not a number")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …), row by row; no parameters."""
    count = prod(shape)
    return Plan(
        output=shape,
        forward=(Use(_forward_operation(), cost=2 * count + 32),),
        backward=(Use(_backward_operation(), cost=count),),
        evaluate=(Use(_EVALUATE, cost=count),),
        evaluate_backward=(Use(OFF_BACK, cost=count),),
        saved={"mask": (BATCH,)},
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="drop path",
        kernel=forward,
        cuda=(CudaRow(forward),),
        reads=("x", "p"),
        writes=("y", "mask"),
        reference=reference,
        formula="y[n,…] = x[n,…]·mask[n], where mask[n] = 0 with probability p, else 1/(1 − p)",
        words="Leaves a branch out for random rows, others at every step, so that each row sees a shallower network.",
        element=_element,
        integers=("stream",),
        uses_clock=True,
        torch="torchvision.ops.stochastic_depth (with its own random numbers)",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="drop path backward",
        kernel=backward,
        cuda=(CudaRow(backward),),
        reads=("dy", "mask"),
        writes=("dx",),
        reference=lambda dy, mask: dy * _spread(mask, dy),
        formula="dx[n,…] = dy[n,…]·mask[n]",
        words="The gradient passes only for the rows whose values did.",
        element=lambda at, dy, mask: dy[at] * mask[at[0]],
        torch="autograd",
    )


def _mask(rows: int, p: float, stream: int, clock: Mapping[str, int]) -> Array:
    return (rng.uniform(clock["seed"], stream, clock["step"], (rows,)) >= p) / (1 - p)


def _spread(mask: Array, x: Array) -> Array:
    return mask.reshape(-1, *(1,) * (x.ndim - 1))


def reference(x: Array, p: Array, stream: int, clock: Mapping[str, int]) -> tuple[Array, Array]:
    mask = _mask(len(x), p[0], stream, clock)
    return x * _spread(mask, x), mask


def _element(at: tuple[int, ...], x: Named, p: Named, stream: int, clock: Mapping[str, int]) -> Term:
    if _mask(x.shape[0], float(p.array[0]), stream, clock)[at[0]] == 0:
        return x[at] * apply("dropped", lambda value: value, 0.0)
    return x[at] / (1 - scalar("p", p))


_EVALUATE = unchanged("drop path (off)", "Nothing is left out outside training.", "x")


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n] = x[n]·mask[n], where mask[n] = 0 with probability p, else 1 / (1 − p); x, y (N, M), mask (N,)."""
    x, p = pointer(row, memory, 0), pointer(row, memory, 1)[0]
    y, mask = pointer(row, memory, 2), pointer(row, memory, 3)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    kept = 1.0 / (1.0 - p)  # rows that stay grow, so that the mean stays and evaluation needs no scaling
    N = dimension(row, 0, 0)
    M = size(row, 0) // N
    start, stop = share(row, part, N)
    for n in range(start, stop):
        factor = kept if uniform(seed, stream, step, n) >= p else 0.0
        mask[n] = factor
        X, Y = shifted(x, n * M), shifted(y, n * M)
        for m in range(M):
            Y[m] = X[m] * factor


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n] = x[n]·mask[n], so dx[n] = dy[n]·mask[n]; dx, dy (N, M), mask (N,)."""
    dy, mask, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N = dimension(row, 0, 0)
    M = size(row, 0) // N
    start, stop = share(row, part, N)
    for n in range(start, stop):
        dY, dX, factor = shifted(dy, n * M), shifted(dx, n * M), mask[n]
        if adds(row, 2):
            for m in range(M):
                dX[m] += dY[m] * factor
        else:
            for m in range(M):
                dX[m] = dY[m] * factor
