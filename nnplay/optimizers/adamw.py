"""AdamW: Adam whose weight decay acts on the parameters themselves, not through the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.jit import REAL, inline
from nnplay.layer import Refused
from nnplay.operation import Operation
from nnplay.optimizer import OptimizerRecord, named, update_kernel
from nnplay.worked import Named, Term, apply

Array = NDArray[Any]


@inline
def prepare(settings: Any, t: int) -> Any:
    """(lr / (1 - beta1ᵗ), beta1, beta2, 1 / √(1 - beta2ᵗ), eps, share of each parameter that stays)."""
    lr, beta1, beta2, eps, decay = settings[0], settings[1], settings[2], settings[3], settings[4]
    rate = lr / (1.0 - np.float64(beta1) ** t)
    scale = 1.0 / math.sqrt(1.0 - np.float64(beta2) ** t)
    return REAL(rate), beta1, beta2, REAL(scale), eps, REAL(1.0 - lr * decay)


@inline
def update(w: Any, g: Any, m: Any, v: Any, p: Any) -> Any:
    """One parameter's step."""
    rate, beta1, beta2, scale, eps, stays = p
    w = w * stays
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g * g
    return w - rate * m / (math.sqrt(v) * scale + eps), m, v


def reference(settings: Array, g: Array, w: Array, m: Array, v: Array, clock: Mapping[str, int]) -> tuple[Array, ...]:
    lr, beta1, beta2, eps, decay = settings.astype(np.float64)
    t = clock["step"] + 1
    w = w * (1 - lr * decay)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    w = w - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w, m, v


def element(at: Any, settings: Named, g: Named, w: Named, m: Named, v: Named, clock: Mapping[str, int]) -> Term:
    lr, beta1, beta2, eps, decay = named(settings, "lr", "beta1", "beta2", "eps", "decay")
    t = clock["step"] + 1
    kept = w[at] * (1 - lr * decay) if decay.value else w[at]
    mean = (beta1 * m[at] + (1 - beta1) * g[at]) / (1 - beta1**t)
    square = (beta2 * v[at] + (1 - beta2) * g[at] ** 2) / (1 - beta2**t)
    return kept - lr * mean / (apply("√", math.sqrt, square) + eps)


ADAMW = OptimizerRecord(
    name="adamw",
    title="AdamW",
    about="Adam with decoupled weight decay (Loshchilov and Hutter, 2019): the usual choice for large networks.",
    fields=(
        number("lr", 0.001, "learning rate: about how far one step moves a parameter", low=0.0, live=True),
        number("beta1", 0.9, "memory of the mean gradient", low=0.0, high=0.9999999, live=True),
        number("beta2", 0.999, "memory of the mean squared gradient", low=0.0, high=0.9999999, live=True),
        number("eps", 1e-8, "keeps the division from exploding", low=1e-30, live=True),
        number("weight_decay", 0.01, "share of lr by which parameters shrink each step", low=0.0, live=True),
    ),
    slots=("exp_avg", "exp_avg_sq"),
    pairs={"betas": ("beta1", "beta2")},
    operation=Operation(
        name="update (adamw)",
        kernel=update_kernel(prepare, update, slots=2),
        reads=("optimizer", "gradients", "parameters", "exp_avg", "exp_avg_sq"),
        writes=("parameters", "exp_avg", "exp_avg_sq", "checks"),
        reference=reference,
        formula="m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  w ← (1 − lr·λ)w − lr·m̂/(√v̂ + ε)",
        words="Divides the mean gradient by its typical size, and shrinks every parameter a little.",
        element=element,
        uses_clock=True,
        torch="torch.optim.AdamW",
    ),
    torch="AdamW",
    cases=({"lr": 0.01}, {"lr": 0.1, "beta1": 0.8, "beta2": 0.99, "eps": 1e-4, "weight_decay": 0.1}),
    refused=(
        Refused({"lr": -0.1}, (), "≥ 0"),
        Refused({"beta2": 1}, (), "≤ 1"),
        Refused({"eps": 0}, (), "≥ 1e-30"),
        Refused({"betas": (0.9, 0.99, 0.999)}, (), "not 2 numbers"),
    ),
)
