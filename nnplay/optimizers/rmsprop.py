"""RMSprop: the gradient divided by its recent typical size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag, number
from nnplay.kernels.compile.jit import inline
from nnplay.optimizers._adam_family import beta
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_kernel
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]


RMSPROP = OptimizerRecord(
    name="rmsprop",
    title="RMSprop",
    about="Divides each gradient by its recent typical size (Hinton, 2012): steep and flat directions learn alike.",
    when="For recurrent networks, and data that changes during training.",
    fields=(
        number("lr", 0.01, "learning rate: roughly how far one step moves a parameter", low=0.0, live=True),
        beta("alpha", 0.99, "decay of the running mean of the squared gradient"),
        number("eps", 1e-8, "added to the divisor for numerical stability", low=1e-30, live=True),
        number("weight_decay", 0.0, "adds weight_decay·w to the gradient", low=0.0, live=True),
        number("momentum", 0.0, "momentum: share of the previous step that is kept", low=0.0, high=1.0, live=True),
        flag("centered", False, "divide by the standard deviation instead of the mean square", live=True),
    ),
    slots=("square_avg", "momentum_buffer", "grad_avg"),
    squares=("square_avg",),
    rule=lambda: rule(),
    torch="RMSprop",
    twin=Twin("optim.RMSprop", same_arguments),
    cases=(
        {"lr": 0.01},
        {"lr": 0.01, "alpha": 0.9, "eps": 1e-4, "weight_decay": 0.1, "momentum": 0.9},
        {"lr": 0.01, "momentum": 0.5, "centered": True},
    ),
    refused=(
        Refused({"lr": -1}, (), "≥ 0"),
        Refused({"alpha": 1}, (), "< 1"),
        Refused({"centered": "so"}, (), "yes or no"),
    ),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (rmsprop)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "square_avg", "momentum_buffer", "grad_avg"),
        writes=("parameters", "square_avg", "momentum_buffer", "grad_avg", "finite_flags"),
        reference=reference,
        formula="s ← α·s + (1−α)g²;  v ← momentum·v + g/(√s + ε);  w ← w − lr·v;  centered: s − mean(g)² in place of s",
        words="Divides the gradient by the root of its mean square, so that every parameter moves about lr per step.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.RMSprop",
    )


def reference(
    settings: Array,
    g: Array,
    w: Array,
    square: Array,
    velocity: Array,
    mean: Array,
    clock: Mapping[str, int],
    every: int,
) -> tuple[Array, ...]:
    lr, alpha, eps, decay, momentum, centered = settings
    g = g + decay * w
    square = alpha * square + (1 - alpha) * g * g
    mean = alpha * mean + (1 - alpha) * g
    spread = np.maximum(square - mean * mean, 0) if centered else square
    velocity = momentum * velocity + g / (np.sqrt(spread) + eps)
    return w - lr * velocity, square, velocity, mean


def element(
    at: Any,
    settings: Named,
    g: Named,
    w: Named,
    square: Named,
    velocity: Named,
    mean: Named,
    clock: Mapping[str, int],
    every: int,
) -> Term:
    names = ("lr", "alpha", "eps", "decay", "momentum", "centered")
    lr, alpha, eps, decay, momentum, centered = setting_terms(settings, *names)
    slope = g[at] + decay * w[at] if decay.value else g[at]
    spread = alpha * square[at] + (1 - alpha) * slope**2
    if centered.value:
        spread = apply("max", max, spread - (alpha * mean[at] + (1 - alpha) * slope) ** 2, 0.0)
    step = slope / (apply("√", math.sqrt, spread) + eps)
    return w[at] - lr * (momentum * velocity[at] + step if momentum.value else step)


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (6,) as they are."""
    return settings[0], settings[1], settings[2], settings[3], settings[4], settings[5]


@inline
def update(w: Any, g: Any, square: Any, velocity: Any, mean: Any, p: Any) -> Any:
    """square ← α·square + (1−α)·g²; velocity ← momentum·velocity + g / (√square + eps); w ← w − lr·velocity.

    For one parameter, where g has weight_decay·w added; centered, square − mean² stands in for square.
    """
    lr, alpha, eps, weight_decay, momentum, centered = p
    g = g + weight_decay * w
    square = alpha * square + (1.0 - alpha) * g * g
    mean = alpha * mean + (1.0 - alpha) * g
    spread = max(square - mean * mean, 0.0) if centered != 0.0 else square  # rounding may make a variance negative
    velocity = momentum * velocity + g / (math.sqrt(spread) + eps)
    return w - lr * velocity, square, velocity, mean


KERNEL = update_kernel(prepare, update, slots=3)
