"""Losses that are added up: their sum, and the share of each in the gradient."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.operands import adds, flat
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import scalar


@kernel
def scale_loss(row: Any, clock: Any, memory: Any, part: int) -> None:
    """total (1,) = factor · loss."""
    loss, factor, total = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    total[0] = factor[0] * loss[0]


@kernel
def add_loss(row: Any, clock: Any, memory: Any, part: int) -> None:
    """total (1,) ← total + factor · loss."""
    loss, factor, total = flat(row, memory, 1), flat(row, memory, 2), flat(row, memory, 3)
    total[0] = total[0] + factor[0] * loss[0]


@kernel
def scale_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dprediction = factor · gradient, or added to what is there; both (N, …)."""
    gradient, factor, scaled = flat(row, memory, 0), flat(row, memory, 1)[0], flat(row, memory, 2)
    if adds(row, 2):
        for i in range(gradient.size):
            scaled[i] = scaled[i] + factor * gradient[i]
    else:
        for i in range(gradient.size):
            scaled[i] = factor * gradient[i]


@kernel
def scale_gradient_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `scale_gradient`, for (N, …): every parts-th number."""
    gradient, factor, scaled = flat(row, memory, 0), flat(row, memory, 1)[0], flat(row, memory, 2)
    i = part
    while i < gradient.size:
        scaled[i] = scaled[i] + factor * gradient[i] if adds(row, 2) else factor * gradient[i]
        i += row[ROW_PARTS]


SCALE_LOSS = Operation(
    name="first loss of the sum",
    kernel=scale_loss,
    cuda=(CudaRow(scale_loss, once),),
    reads=("loss", "factor"),
    writes=("total",),
    reference=lambda loss, factor: factor * loss,
    formula="total = factor · loss",
    words="The first of the losses that this step lowers together, times what it counts.",
    element=lambda at, loss, factor: scalar("factor", factor) * loss[at],
    torch="factor * loss",
)
ADD_LOSS = Operation(
    name="loss added to the sum",
    kernel=add_loss,
    cuda=(CudaRow(add_loss, once),),
    reads=("total", "loss", "factor"),
    writes=("total",),
    reference=lambda total, loss, factor: total + factor * loss,
    formula="total ← total + factor · loss",
    words="A further loss that this step lowers with the others, times what it counts.",
    element=lambda at, total, loss, factor: total[at] + scalar("factor", factor) * loss[at],
    torch="total + factor * loss",
)
SCALE_GRADIENT = Operation(
    name="share of this loss",
    kernel=scale_gradient,
    cuda=(CudaRow(scale_gradient_cuda),),
    reads=("gradient", "factor"),
    writes=("dprediction",),
    reference=lambda gradient, factor: factor * gradient,
    formula="dz = factor · gradient",
    words="The gradient of one loss of the sum counts as much as the loss does.",
    element=lambda at, gradient, factor: scalar("factor", factor) * gradient[at],
    torch="autograd",
)
