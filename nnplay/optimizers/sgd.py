"""SGD: a step against the gradient, with or without momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag, number
from nnplay.kernels.jit import inline
from nnplay.operation import Operation
from nnplay.optimizer import OptimizerRecord, update_kernel
from nnplay.worked import Named, Term

Array = NDArray[Any]


@inline
def prepare(settings: Any, t: int) -> Any:
    """(lr, momentum, nesterov, weight decay)."""
    return settings[0], settings[1], settings[2], settings[3]


@inline
def update(w: Any, g: Any, velocity: Any, p: Any) -> Any:
    """One parameter's step."""
    lr, momentum, nesterov, decay = p
    g = g + decay * w
    velocity = momentum * velocity + g
    step = g + momentum * velocity if nesterov != 0.0 else velocity
    return w - lr * step, velocity


def reference(settings: Array, g: Array, w: Array, velocity: Array, clock: Mapping[str, int]) -> tuple[Array, ...]:
    lr, momentum, nesterov, decay = settings
    g = g + decay * w
    velocity = momentum * velocity + g
    step = g + momentum * velocity if nesterov else velocity
    w = w - lr * step
    return w, velocity


def element(at: Any, settings: Named, g: Named, w: Named, velocity: Named, clock: Mapping[str, int]) -> Term:
    lr, momentum, nesterov, decay = (settings[k] for k in range(4))
    slope = g[at] + decay * w[at] if decay.value else g[at]
    moved = momentum * velocity[at] + slope if momentum.value else slope
    return w[at] - lr * (slope + momentum * moved if nesterov.value else moved)


SGD = OptimizerRecord(
    name="sgd",
    title="SGD",
    about="Stochastic gradient descent: steps against the gradient of one batch. Momentum lets steps in one direction add up.",
    fields=(
        number("lr", 0.001, "learning rate: how far one step goes", low=0.0, live=True),
        number("momentum", 0.0, "share of the last step that is kept", low=0.0, high=1.0, live=True),
        flag("nesterov", False, "look ahead along the momentum before correcting", live=True),
        number("weight_decay", 0.0, "pulls all parameters towards 0", low=0.0, live=True),
    ),
    slots=("momentum_buffer",),
    operation=Operation(
        name="update (sgd)",
        kernel=update_kernel(prepare, update, slots=1),
        reads=("optimizer", "gradients", "parameters", "momentum_buffer"),
        writes=("parameters", "momentum_buffer", "checks"),
        reference=reference,
        formula="v ← momentum·v + g;  w ← w − lr·v",
        words="Moves every parameter a little against its gradient. The learning rate says how far.",
        element=element,
        uses_clock=True,
        torch="torch.optim.SGD",
    ),
    torch="SGD",
)
