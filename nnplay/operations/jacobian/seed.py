"""The start of the way back for one output: its gradient is 1, that of all others 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import flat, integer, pointer, ratio, size
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, as_term


@kernel
def write_seed(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dp (N, K) = 1 for output k of each row, else 0."""
    dp, k, K = flat(row, memory, 1), integer(row, 0), integer(row, 1)
    for i in range(size(row, 1)):
        dp[i] = 1.0 if i % K == k else 0.0


@kernel
def write_seed_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `write_seed`: every parts-th number of dp (N, K)."""
    dp, k, K = pointer(row, memory, 1), integer(row, 0), integer(row, 1)
    at = part
    while at < size(row, 1):
        dp[at] = 1.0 if at - ratio(at, K) * K == k else 0.0
        at += row[ROW_PARTS]


def _seed(prediction: Any, output: int, outputs: int) -> Any:
    made = np.zeros_like(prediction)
    made.reshape(len(prediction), -1)[:, output] = 1
    return made


def _element(at: Any, prediction: Named, output: int, outputs: int) -> Term:
    return as_term(float(_seed(prediction.array, output, outputs)[at]))


SEED = Operation(
    name="one output",
    kernel=write_seed,
    cuda=(NumberRow(write_seed_cuda, gathers=True),),
    reads=("prediction",),
    writes=("dprediction",),
    reference=_seed,
    formula="dprediction[n,j] = 1 if j = k else 0",
    words="The way back starts at one output alone, so that it says how that answer depends on every parameter.",
    element=_element,
    integers=("output", "outputs"),
    torch="torch.autograd.grad(outputs, inputs, grad_outputs)",
)
