"""Adadelta: steps as large as recent steps were, against gradients as large as recent gradients were."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import inline
from nnplay.optimizers._adam_family import beta
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_kernel
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]


ADADELTA = OptimizerRecord(
    name="adadelta",
    title="Adadelta",
    about="Finds its own step size (Zeiler, 2012): steps are to gradients as recent steps were to recent gradients.",
    when="When you do not want to choose a learning rate: leave it at 1. Slow to start.",
    fields=(
        number("lr", 1.0, "learning rate: a factor of the steps that it finds by itself", low=0.0, live=True),
        beta("rho", 0.9, "decay of the running means of squared gradients and squared steps"),
        number("eps", 1e-6, "added under the roots; decides how large the first steps are", low=1e-30, live=True),
        number("weight_decay", 0.0, "adds weight_decay·w to the gradient", low=0.0, live=True),
    ),
    slots=("square_avg", "acc_delta"),
    squares=("square_avg", "acc_delta"),
    rule=lambda: rule(),
    torch="Adadelta",
    twin=Twin("optim.Adadelta", same_arguments),
    cases=({"lr": 1.0}, {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    refused=(Refused({"lr": -1}, (), "≥ 0"), Refused({"rho": 1}, (), "< 1")),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (adadelta)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "square_avg", "acc_delta"),
        writes=("parameters", "square_avg", "acc_delta", "finite_flags"),
        reference=reference,
        formula="s ← ρ·s + (1−ρ)g²;  Δ = √(a + ε)/√(s + ε)·g;  a ← ρ·a + (1−ρ)Δ²;  w ← w − lr·Δ",
        words="Divides the gradient by its recent size and multiplies it by the size of recent steps.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.Adadelta",
    )


def reference(
    settings: Array, g: Array, w: Array, s: Array, a: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, rho, eps, decay = settings.astype(np.float64)
    g = g + decay * w
    s = rho * s + (1 - rho) * g * g
    delta = np.sqrt(a + eps) / np.sqrt(s + eps) * g
    return w - lr * delta, s, rho * a + (1 - rho) * delta * delta


def element(
    at: Any, settings: Named, g: Named, w: Named, s: Named, a: Named, clock: Mapping[str, int], every: int
) -> Term:
    lr, rho, eps, decay = setting_terms(settings, "lr", "rho", "eps", "decay")
    slope = g[at] + decay * w[at] if decay.value else g[at]
    squares = rho * s[at] + (1 - rho) * slope**2
    return w[at] - lr * apply("√", math.sqrt, a[at] + eps) / apply("√", math.sqrt, squares + eps) * slope


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (4,) → lr, rho, eps, weight_decay."""
    return settings[0], settings[1], settings[2], settings[3]


@inline
def update(w: Any, g: Any, s: Any, a: Any, p: Any) -> Any:
    """s ← rho·s + (1−rho)·g²; Δ = √(a + eps) / √(s + eps)·g; a ← rho·a + (1−rho)·Δ²; w ← w − lr·Δ, for one parameter.

    g has weight_decay·w added.
    """
    lr, rho, eps, weight_decay = p
    g = g + weight_decay * w
    s = multiply_add(rho, s, (1.0 - rho) * g * g)
    delta = math.sqrt(a + eps) / math.sqrt(s + eps) * g
    a = multiply_add(rho, a, (1.0 - rho) * delta * delta)
    return w - lr * delta, s, a


KERNEL = update_kernel(prepare, update, slots=2)
