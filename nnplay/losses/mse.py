"""Mean squared error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.jit import kernel
from nnplay.kernels.operands import flat
from nnplay.loss import LossPlan, LossRecord
from nnplay.operation import Operation, Shape, Use
from nnplay.worked import Named, Term, total

Array = NDArray[Any]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    p, t, loss = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    summed = 0.0
    for i in range(p.size):
        summed += (p[i] - t[i]) * (p[i] - t[i])
    loss[0] = summed / p.size


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    p, t, dp = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    scale = (p[0] * 0.0 + 2.0) / p.size
    for i in range(p.size):
        dp[i] = scale * (p[i] - t[i])


def _element(at: Any, prediction: Named, target: Named) -> Term:
    p, t = Named("p", prediction.array.reshape(-1)), Named("t", target.array.reshape(-1))
    return total((p[i] - t[i]) ** 2 for i in range(p.array.size)) / p.array.size


_FORWARD = Operation(
    name="mean squared error",
    kernel=forward,
    reads=("prediction", "target"),
    writes=("loss",),
    reference=lambda prediction, target: np.mean((prediction.ravel() - target.ravel()) ** 2, keepdims=True),
    formula="loss = 1/M · Σ (p − t)², over all M numbers of the batch",
    words="How far predictions are from the targets, squared, on average: large errors count most.",
    element=_element,
    torch="torch.nn.functional.mse_loss",
)
_BACKWARD = Operation(
    name="gradient of the loss",
    kernel=backward,
    reads=("prediction", "target"),
    writes=("dprediction",),
    reference=lambda prediction, target: 2 * (prediction - target.reshape(prediction.shape)) / prediction.size,
    formula="dp = 2/M · (p − t)",
    words="Each prediction is pushed towards its target, in proportion to the error.",
    element=lambda at, p, t: (2 / p.array.size) * (p[at] - Named("t", t.array.reshape(p.array.shape))[at]),
    torch="autograd",
)


def plan(values: Mapping[str, Any], shape: Shape) -> LossPlan:
    """Any shape of prediction, with targets of the same count."""
    cost = int(np.prod(shape))
    return LossPlan(forward=(Use(_FORWARD, cost=cost),), backward=(Use(_BACKWARD, cost=cost),))


MSE = LossRecord(
    name="mse",
    title="Mean squared error",
    about="The usual loss for predicting numbers.",
    formula="1/M · Σ (p − t)²",
    target="values",
    plan=plan,
    outputs=lambda count: count,
    torch="mse_loss",
)
