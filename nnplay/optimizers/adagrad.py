"""Adagrad: the gradient divided by the size of all gradients so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_count, update_kernel
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]


ADAGRAD = OptimizerRecord(
    name="adagrad",
    title="Adagrad",
    about="Divides each gradient by its size so far (Duchi et al., 2011): rare features keep learning fast.",
    when="For sparse inputs, such as rare words. Its steps only ever get smaller.",
    fields=(
        number("lr", 0.01, "learning rate: how far the first step moves a parameter", low=0.0, live=True),
        number("lr_decay", 0.0, "how fast the learning rate decays over the steps", low=0.0, live=True),
        number("weight_decay", 0.0, "adds weight_decay·w to the gradient", low=0.0, live=True),
        number("initial_accumulator_value", 0.0, "initial sum of squares; softens the first steps", low=0.0, live=True),
        number("eps", 1e-10, "added to the divisor for numerical stability", low=1e-30, live=True),
    ),
    slots=("sum",),  # without the initial value, which the rule adds: so slots begin at 0 and the value can change
    squares=("sum",),
    rule=lambda: rule(),
    torch="Adagrad",
    twin=Twin("optim.Adagrad", same_arguments),
    cases=(
        {"lr": 0.1},
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.01, "initial_accumulator_value": 0.5, "eps": 1e-5},
    ),
    refused=(Refused({"lr": -1}, (), "≥ 0"), Refused({"eps": 0}, (), "≥ 1e-30")),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (adagrad)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "sum"),
        writes=("parameters", "sum", "finite_flags"),
        reference=reference,
        formula="s ← s + g²;  w ← w − lr/(1 + (t−1)·lr_decay) · g/(√(s + s₀) + ε)",
        words="Parameters that have moved a lot slow down; those that have hardly moved stay fast.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.Adagrad",
    )


def reference(
    settings: Array, g: Array, w: Array, summed: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, lr_decay, decay, start, eps = settings.astype(np.float64)
    g = g + decay * w
    summed = summed + g * g
    return w - lr / (1 + (update_count(clock, every) - 1) * lr_decay) * g / (np.sqrt(summed + start) + eps), summed


def element(at: Any, settings: Named, g: Named, w: Named, summed: Named, clock: Mapping[str, int], every: int) -> Term:
    lr, lr_decay, decay, start, eps = setting_terms(settings, "lr", "lr_decay", "decay", "start", "eps")
    slope = g[at] + decay * w[at] if decay.value else g[at]
    rate = lr / (1 + (update_count(clock, every) - 1) * lr_decay) if lr_decay.value else lr
    squares = summed[at] + slope**2
    root = apply("√", math.sqrt, squares + start if start.value else squares)
    return w[at] - rate * slope / (root + eps)


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (5,) → rate, weight_decay, start, eps.

    rate = lr / (1 + (t − 1)·lr_decay)
    """
    lr, lr_decay, weight_decay, start, eps = settings[0], settings[1], settings[2], settings[3], settings[4]
    rate = lr / (1.0 + (t - 1) * np.float64(lr_decay))
    return DTYPE(rate), weight_decay, start, eps


@inline
def update(w: Any, g: Any, summed: Any, p: Any) -> Any:
    """s ← s + g²; w ← w − rate·g / (√(s + start) + eps), for one parameter, where g has weight_decay·w added."""
    rate, weight_decay, start, eps = p
    g = g + weight_decay * w
    summed = summed + g * g
    return w - rate * g / (math.sqrt(summed + start) + eps), summed


KERNEL = update_kernel(prepare, update, slots=1)
