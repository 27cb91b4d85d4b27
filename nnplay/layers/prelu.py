"""PReLU: a leaky ReLU whose slope on the negative side is learned, one for each channel or one for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag, number
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.convolution import fold_shares, shares_of
from nnplay.kernels.cuda.partial import room
from nnplay.kernels.cuda.places import put
from nnplay.kernels.operands import adds, dimension, integer, pointer, rows_of, share, shifted, size
from nnplay.operations.normalise import rows_of as flattened
from nnplay.operations.partial_sums import ADD_PARTIAL_SUMS, CHUNKS, chunk, sum_of
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


PRELU = LayerRecord(
    name="prelu",
    title="PReLU",
    family="activation",
    about="A leaky ReLU that learns how much of the negative side to let through (He et al., 2015).",
    when="When you are unsure how leaky a ReLU should be: each channel learns it.",
    initial="he_uniform",
    torch="PReLU",
    twin=Twin(
        "nn.PReLU",
        lambda values, shape: {"num_parameters": 1 if values["shared"] else shape[-1], "init": values["start"]},
        channels_first=True,
    ),
    fields=(
        number("start", 0.25, "initial slope of the negative side", low=-10.0, high=10.0),
        flag("shared", False, "one slope for all channels, which is PyTorch's default"),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (5,)),
        Case({"start": 0.1}, (3, 4, 2)),
        Case({"start": -1}, (7, 17)),
        Case({"shared": True}, (3, 17)),
    ),
    refused=(Refused({"start": "steep"}, (5,), "not a number"), Refused({"start": 11}, (5,), "≤ 10")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C) with weight (C), or (1) for all channels, number by number."""
    C, cost = 1 if values["shared"] else shape[-1], 4 * prod(shape)
    start = Parameter((C,), "zeros", raised=((0, C, float(values["start"])),))
    return Plan(
        output=shape,
        parameters={"weight": start},
        scratch={"partial_sums": (CHUNKS, C)},
        forward=(Use(_forward_operation(), cost=cost),),
        backward=(
            Use(_weight_operation(), {"chunks": CHUNKS, "slopes": C}, cost),
            Use(ADD_PARTIAL_SUMS, sum_of((C,)), names={"y": "dweight"}),
            Use(_input_operation(), cost=cost),
        ),
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="prelu",
        kernel=forward,
        cuda=(NumberRow(forward_cuda, gathers=True),),
        reads=("x", "weight"),
        writes=("y",),
        reference=reference,
        formula="y[n,c] = x[n,c] where x > 0, else weight[c]·x[n,c]; a single weight is every channel's",
        words="Keeps positive values; how much of the negative ones passes is learned.",
        element=_element,
        torch="torch.nn.functional.prelu",
    )


@cache
def _input_operation() -> Operation:
    return Operation(
        name="gradient of x",
        kernel=backward_input,
        cuda=(NumberRow(backward_input_cuda, gathers=True),),
        reads=("x", "weight", "dy"),
        writes=("dx",),
        reference=reference_input,
        formula="dx[n,c] = dy[n,c] where x > 0, else weight[c]·dy[n,c]",
        words="The gradient passes where the unit was on, and by the learned slope where it was off.",
        element=_element_input,
        torch="autograd",
    )


@cache
def _weight_operation() -> Operation:
    return Operation(
        name="gradient of weight, partial sums",
        kernel=backward_weight,
        cuda=(CudaRow(weight_partial, weight_parts), CudaRow(weight_fold)),
        reads=("x", "dy"),
        writes=("partial_sums",),
        reference=reference_weight,
        formula="dweight[c] = Σ dy[n,c]·x[n,c] where x ≤ 0",
        words="The slope had a say only where the input was negative.",
        element=_element_weight,
        integers=("chunks", "slopes"),
        torch="autograd",
    )


def reference(x: Array, weight: Array) -> Array:
    return np.where(x > 0, x, weight * x)


def reference_input(x: Array, weight: Array, dy: Array) -> Array:
    return np.where(x > 0, dy, weight * dy)


def reference_weight(x: Array, dy: Array, chunks: int, slopes: int) -> Array:
    rows = np.where(x > 0, 0, dy * x).reshape(-1, slopes)
    return np.stack([rows[chunk(len(rows), p, chunks)].sum(axis=0) for p in range(chunks)])


def _element(at: tuple[int, ...], x: Named, weight: Named) -> Term:
    return x[at] * 1.0 if x.array[at] > 0 else weight[at[-1] % len(weight.array)] * x[at]


def _element_input(at: tuple[int, ...], x: Named, weight: Named, dy: Named) -> Term:
    return dy[at] * 1.0 if x.array[at] > 0 else weight[at[-1] % len(weight.array)] * dy[at]


def _element_weight(at: tuple[int, ...], x: Named, dy: Named, chunks: int, slopes: int) -> Term:
    p, c = at
    C, count = x.shape[-1], x.array.size // slopes
    own = range(count)[chunk(count, p, chunks)]
    inputs, gradients = flattened(x), flattened(dy)
    places = [divmod(k * slopes + c, C) for k in own]
    terms = [gradients[place] * inputs[place] for place in places if inputs.array[place] <= 0]
    return total(terms) if terms else as_term(0.0)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = x[n,c] where x > 0, else a[c]·x[n,c]; x, y (N, C), a (C), or all numbers (N·C, 1) with a (1)."""
    x, a, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    C = dimension(row, 1, 0)
    N = rows_of(row, memory, 0).size // C
    start, stop = share(row, part, N)
    for n in range(start, stop):
        X, Y = shifted(x, n * C), shifted(y, n * C)
        for c in range(C):
            Y[c] = X[c] if X[c] > 0.0 else a[c] * X[c]


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x or a·x, so dx[n,c] = dy[n,c] where x > 0, else a[c]·dy[n,c]; x, dy, dx (N, C), a (C)."""
    x, a = pointer(row, memory, 0), pointer(row, memory, 1)
    dy, dx = pointer(row, memory, 2), pointer(row, memory, 3)
    C = dimension(row, 1, 0)
    N = rows_of(row, memory, 0).size // C
    start, stop = share(row, part, N)
    for n in range(start, stop):
        X, dY, dX = shifted(x, n * C), shifted(dy, n * C), shifted(dx, n * C)
        if adds(row, 3):
            for c in range(C):
                dX[c] += dY[c] if X[c] > 0.0 else a[c] * dY[c]
        else:
            for c in range(C):
                dX[c] = dY[c] if X[c] > 0.0 else a[c] * dY[c]


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x or a·x, so out (P, C) = Σ dy·min(x, 0) of P chunks of the rows; x, dy (N, C)."""
    x, dy, out = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    P, C = dimension(row, 2, 0), dimension(row, 2, 1)
    N = rows_of(row, memory, 0).size // C
    first, end = share(row, part, P)
    for p in range(first, end):
        da = shifted(out, p * C)
        for c in range(C):
            da[c] = 0.0
        for n in range(N * p // P, N * (p + 1) // P):
            X, dY = shifted(x, n * C), shifted(dy, n * C)
            for c in range(C):
                da[c] += 0.0 if X[c] > 0.0 else dY[c] * X[c]


@kernel
def forward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`: every parts-th number of y (N, C)."""
    x, a, y, C = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), dimension(row, 1, 0)
    at = part
    while at < size(row, 0):
        y[at] = x[at] if x[at] > 0.0 else a[at - quotient(at, C) * C] * x[at]
        at += row[ROW_PARTS]


@kernel
def backward_input_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `backward_input`: every parts-th number of dx (N, C)."""
    x, a, C = pointer(row, memory, 0), pointer(row, memory, 1), dimension(row, 1, 0)
    dy, dx = pointer(row, memory, 2), pointer(row, memory, 3)
    at = part
    while at < size(row, 0):
        put(dx, at, dy[at] if x[at] > 0.0 else a[at - quotient(at, C) * C] * dy[at], adds(row, 3))
        at += row[ROW_PARTS]


def weight_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Into how many parts the sums over all rows are cut, for all slopes together."""
    return shares_of(integers[1], sizes[0])


@kernel
def weight_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,c] = Σ dy·min(x, 0) of share s of the rows; x, dy (N, C)."""
    x, dy, C = pointer(row, memory, 0), pointer(row, memory, 1), integer(row, 1)
    shares, N, s = quotient(row[ROW_PARTS], C), quotient(size(row, 0), C), quotient(part, C)
    total = DTYPE(0.0)
    for n in range(quotient(N * s, shares), quotient(N * (s + 1), shares)):
        at = n * C + part - s * C
        total += DTYPE(0.0) if x[at] > 0.0 else dy[at] * x[at]
    room(row, memory)[part] = total


@kernel
def weight_fold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[0,c] = Σₛ sums[s,c], and zeros in the other chunks of out (P, C)."""
    fold_shares(row, memory, part, 2, integer(row, 1))
