"""RAdam: Adam that waits until its mean square can be trusted (Liu et al., 2020)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag, number
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.doubles import whole_power
from nnplay.optimizers._adam_family import beta, eps_field, means_reference, torch_arguments
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_count, update_kernel
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]
_FIELDS = ("lr", "beta1", "beta2", "eps", "decay", "decoupled")
_ENOUGH = 5.0
"""Gradients, in effect, that a mean square must have seen before it is divided by."""


RADAM = OptimizerRecord(
    name="radam",
    title="RAdam",
    about="Rectified Adam (Liu et al., 2020): its first steps follow the mean gradient alone.",
    when="Instead of Adam with a warm-up: it needs none.",
    fields=(
        number("lr", 0.001, "learning rate: roughly how far one step moves a parameter", low=0.0, live=True),
        beta("beta1", 0.9, "decay of the running mean of the gradient"),
        beta("beta2", 0.999, "decay of the running mean of its square"),
        eps_field(),
        number("weight_decay", 0.0, "adds weight_decay·w to the gradient, or see the last field", low=0.0, live=True),
        flag("decoupled_weight_decay", False, "weight decay shrinks parameters by lr·weight_decay instead", live=True),
    ),
    slots=("exp_avg", "exp_avg_sq"),
    squares=("exp_avg_sq",),
    pairs={"betas": ("beta1", "beta2")},
    rule=lambda: rule(),
    torch="RAdam",
    twin=Twin("optim.RAdam", torch_arguments),
    cases=(
        {"lr": 0.01},
        {"lr": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 1e-4, "weight_decay": 0.1},
        {"lr": 0.01, "beta2": 0.99, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    refused=(Refused({"lr": -0.1}, (), "≥ 0"), Refused({"beta2": 1}, (), "< 1")),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (radam)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "exp_avg", "exp_avg_sq"),
        writes=("parameters", "exp_avg", "exp_avg_sq", "finite_flags"),
        reference=reference,
        formula="m, v as in Adam;  ρ = ρ∞ − 2tβ₂ᵗ/(1−β₂ᵗ), ρ∞ = 2/(1−β₂) − 1;  "
        "w ← w − lr·m̂·r·√(1−β₂ᵗ)/(√v + ε) where ρ > 5, else w ← w − lr·m̂",
        words="Adam's step times how far its mean square can be trusted; while it cannot, a plain step along the mean.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.RAdam",
    )


def _trust(beta2: float, t: int) -> float:
    """The factor r of an adaptive step; 0 as long as the mean square has seen too little."""
    most = 2 / (1 - beta2) - 1
    seen = most - 2 * t * beta2**t / (1 - beta2**t)
    if seen <= _ENOUGH:
        return 0.0
    return math.sqrt((seen - 4) * (seen - 2) * most / ((most - 4) * (most - 2) * seen))


def reference(
    settings: Array, g: Array, w: Array, m: Array, v: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, beta1, beta2, eps, decay, decoupled = settings.astype(np.float64)
    t = update_count(clock, every)
    g, w = (g, w * (1 - lr * decay)) if decoupled else (g + decay * w, w)
    m, v = means_reference(settings, g, m, v)
    step, trust = m / (1 - beta1**t), _trust(float(beta2), t)
    return w - lr * (step * trust * math.sqrt(1 - beta2**t) / (np.sqrt(v) + eps) if trust else step), m, v


def element(
    at: Any, settings: Named, g: Named, w: Named, m: Named, v: Named, clock: Mapping[str, int], every: int
) -> Term:
    lr, beta1, beta2, eps, decay, decoupled = setting_terms(settings, *_FIELDS)
    t = update_count(clock, every)
    slope, kept = g[at], w[at]
    if decay.value and decoupled.value:
        kept = kept * (1 - lr * decay)
    elif decay.value:
        slope = slope + decay * kept
    mean = (beta1 * m[at] + (1 - beta1) * slope) / (1 - beta1**t)
    if not _trust(beta2.value, t):
        return kept - lr * mean
    square, trust = beta2 * v[at] + (1 - beta2) * slope**2, apply(f"r{t}", lambda value: _trust(value, t), beta2)
    root = apply("√", math.sqrt, 1 - apply("β₂ᵗ", pow, beta2, t))
    return kept - lr * mean * trust * root / (apply("√", math.sqrt, square) + eps)


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (6,) → rate, beta1, beta2, trust, eps, decays, stays.

    rate = lr / (1 − beta1ᵗ); trust = r·√(1 − beta2ᵗ), or 0; decays is what weight decay adds to the gradient, stays
    what it leaves of a parameter.
    """
    lr, beta1, beta2, eps, weight_decay = settings[0], settings[1], settings[2], settings[3], settings[4]
    rate = lr / (1.0 - whole_power(np.float64(beta1), t))
    power, beta = whole_power(np.float64(beta2), t), np.float64(beta2)
    root = math.sqrt(1.0 - power)
    most = 2.0 / (1.0 - beta) - 1.0
    seen = most - 2.0 * t * power / (1.0 - power)
    trust = 0.0 * rate
    if seen > _ENOUGH:
        trust = root * math.sqrt((seen - 4.0) * (seen - 2.0) * most / ((most - 4.0) * (most - 2.0) * seen))
    decays = weight_decay if settings[5] == 0.0 else 0.0
    stays = 1.0 if settings[5] == 0.0 else 1.0 - lr * weight_decay
    return DTYPE(rate), beta1, beta2, DTYPE(trust), eps, DTYPE(decays), DTYPE(stays)


@inline
def update(w: Any, g: Any, m: Any, v: Any, p: Any) -> Any:
    """m, v as in Adam; w ← w − rate·m·trust / (√v + eps), or w − rate·m where trust is 0, for one parameter."""
    rate, beta1, beta2, trust, eps, decays, stays = p
    g = g + decays * w
    m = multiply_add(beta1, m, (1.0 - beta1) * g)
    v = multiply_add(beta2, v, (1.0 - beta2) * g * g)
    step = rate * m
    step = step * trust / (math.sqrt(v) + eps) if trust != 0.0 else step
    return w * stays - step, m, v


KERNEL = update_kernel(prepare, update, slots=2)
