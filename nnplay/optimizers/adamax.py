"""Adamax: Adam with the largest recent gradient in place of its mean square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.doubles import whole_power
from nnplay.optimizers._adam_family import beta, eps_field, torch_arguments
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_count, update_kernel
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]


ADAMAX = OptimizerRecord(
    name="adamax",
    title="Adamax",
    about="Adam that divides by the largest recent gradient (Kingma and Ba, 2015): rare large gradients do no harm.",
    when="For embeddings and other parameters whose gradients are rare or differ in size.",
    fields=(
        number("lr", 0.002, "learning rate: the most that one step moves a parameter", low=0.0, live=True),
        beta("beta1", 0.9, "decay of the running mean of the gradient"),
        beta("beta2", 0.999, "decay of the largest recent gradient"),
        eps_field(),
        number("weight_decay", 0.0, "adds weight_decay·w to the gradient", low=0.0, live=True),
    ),
    slots=("exp_avg", "exp_inf"),
    pairs={"betas": ("beta1", "beta2")},
    rule=lambda: rule(),
    torch="Adamax",
    twin=Twin("optim.Adamax", torch_arguments),
    cases=({"lr": 0.01}, {"lr": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": 1e-4, "weight_decay": 0.1}),
    refused=(Refused({"lr": -0.1}, (), "≥ 0"), Refused({"beta1": 1}, (), "< 1")),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (adamax)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "exp_avg", "exp_inf"),
        writes=("parameters", "exp_avg", "exp_inf", "finite_flags"),
        reference=reference,
        formula="m ← β₁m + (1−β₁)g;  u ← max(β₂u, |g| + ε);  w ← w − lr/(1 − β₁ᵗ)·m/u",
        words="Divides the mean gradient by the largest recent one, so that no parameter moves much more than lr.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.Adamax",
    )


def reference(
    settings: Array, g: Array, w: Array, m: Array, u: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, beta1, beta2, eps, decay = settings.astype(np.float64)
    g = g + decay * w
    m, u = beta1 * m + (1 - beta1) * g, np.maximum(beta2 * u, np.abs(g) + eps)
    return w - lr / (1 - beta1 ** update_count(clock, every)) * m / u, m, u


def element(
    at: Any, settings: Named, g: Named, w: Named, m: Named, u: Named, clock: Mapping[str, int], every: int
) -> Term:
    lr, beta1, beta2, eps, decay = setting_terms(settings, "lr", "beta1", "beta2", "eps", "decay")
    slope = g[at] + decay * w[at] if decay.value else g[at]
    mean = beta1 * m[at] + (1 - beta1) * slope
    largest = apply("max", max, beta2 * u[at], apply("abs", abs, slope) + eps)
    return w[at] - lr / (1 - beta1 ** update_count(clock, every)) * mean / largest


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes: settings (5,) → rate = lr / (1 − beta1ᵗ), beta1, beta2, eps, weight_decay."""
    lr, beta1, beta2, eps, weight_decay = settings[0], settings[1], settings[2], settings[3], settings[4]
    rate = lr / (1.0 - whole_power(np.float64(beta1), t))
    return DTYPE(rate), beta1, beta2, eps, weight_decay


@inline
def update(w: Any, g: Any, m: Any, u: Any, p: Any) -> Any:
    """m ← beta1·m + (1−beta1)·g; u ← max(beta2·u, |g| + eps); w ← w − rate·m / u, for one parameter.

    g has weight_decay·w added.
    """
    rate, beta1, beta2, eps, weight_decay = p
    g = g + weight_decay * w
    m = multiply_add(beta1, m, (1.0 - beta1) * g)
    u = max(beta2 * u, abs(g) + eps)
    return w - rate * m / u, m, u


KERNEL = update_kernel(prepare, update, slots=2)
