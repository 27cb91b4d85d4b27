"""NAdam: Adam that looks ahead along its momentum (Dozat, 2016)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag, number
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.doubles import exp, whole_power
from nnplay.optimizers._adam_family import beta, eps_field, means_reference, torch_arguments
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_count, update_kernel
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]
_FIELDS = ("lr", "beta1", "beta2", "eps", "decay", "momentum_decay", "decoupled")
#: log 0.96 and one half: a literal in a kernel would be of the tape's type.
_LOG, _HALF = (math.log(0.96),), (0.5,)


NADAM = OptimizerRecord(
    name="nadam",
    title="NAdam",
    about="Adam with Nesterov momentum (Dozat, 2016): it steps as if it knew the next mean gradient already.",
    when="Instead of Adam, when early progress is slow: a little faster at the same learning rate.",
    fields=(
        number("lr", 0.002, "learning rate: roughly how far one step moves a parameter", low=0.0, live=True),
        beta("beta1", 0.9, "decay of the running mean of the gradient"),
        beta("beta2", 0.999, "decay of the running mean of its square"),
        eps_field(),
        number("weight_decay", 0.0, "adds weight_decay·w to the gradient, or see the last field", low=0.0, live=True),
        number("momentum_decay", 0.004, "how fast the momentum grows from half of beta1 to beta1", low=0.0, live=True),
        flag("decoupled_weight_decay", False, "weight decay shrinks parameters by lr·weight_decay instead", live=True),
    ),
    # PyTorch keeps the product of all momentums; 1 minus it begins at 0, as every state here does.
    slots=("exp_avg", "exp_avg_sq", "one_minus_mu_product"),
    squares=("exp_avg_sq",),
    pairs={"betas": ("beta1", "beta2")},
    rule=lambda: rule(),
    torch="NAdam",
    twin=Twin("optim.NAdam", torch_arguments),
    cases=(
        {"lr": 0.01},
        {"lr": 0.05, "beta1": 0.8, "beta2": 0.99, "eps": 1e-4, "weight_decay": 0.1, "momentum_decay": 0.1},
        {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    refused=(Refused({"lr": -0.1}, (), "≥ 0"), Refused({"beta1": 1}, (), "< 1")),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (nadam)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "exp_avg", "exp_avg_sq", "one_minus_mu_product"),
        writes=("parameters", "exp_avg", "exp_avg_sq", "one_minus_mu_product", "finite_flags"),
        reference=reference,
        formula="μ_t = β₁(1 − ½·0.96^(t·ψ));  m, v as in Adam;  "
        "w ← w − lr·[(1−μ_t)g/(1−Πμ) + μ_{t+1}·m/(1−μ_{t+1}·Πμ)]/(√v̂ + ε)",
        words="As Adam, but mixes the new gradient in once more: there the mean gradient will be one step later.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.NAdam",
    )


def _momentum(beta1: float, decay: float, t: int) -> float:
    return float(beta1 * (1 - 0.5 * 0.96 ** (t * decay)))


def reference(
    settings: Array, g: Array, w: Array, m: Array, v: Array, q: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, beta1, beta2, eps, decay, momentum_decay, decoupled = settings.astype(np.float64)
    t = update_count(clock, every)
    g, w = (g, w * (1 - lr * decay)) if decoupled else (g + decay * w, w)
    now, next_one = _momentum(beta1, momentum_decay, t), _momentum(beta1, momentum_decay, t + 1)
    m, v = means_reference(settings, g, m, v)
    q = q * now + (1 - now)
    ahead = (1 - now) / q * g + next_one / (q * next_one + (1 - next_one)) * m
    return w - lr * ahead / (np.sqrt(v / (1 - beta2**t)) + eps), m, v, q


def element(
    at: Any, settings: Named, g: Named, w: Named, m: Named, v: Named, q: Named, clock: Mapping[str, int], every: int
) -> Term:
    lr, beta1, beta2, eps, decay, momentum_decay, decoupled = setting_terms(settings, *_FIELDS)
    t = update_count(clock, every)
    slope, kept = g[at], w[at]
    if decay.value and decoupled.value:
        kept = kept * (1 - lr * decay)
    elif decay.value:
        slope = slope + decay * kept
    now, next_one = (apply(f"μ{k}", lambda b, d, k=k: _momentum(b, d, k), beta1, momentum_decay) for k in (t, t + 1))
    mean, square = beta1 * m[at] + (1 - beta1) * slope, (beta2 * v[at] + (1 - beta2) * slope**2) / (1 - beta2**t)
    taken = q[at] * now + (1 - now)
    ahead = (1 - now) / taken * slope + next_one / (taken * next_one + (1 - next_one)) * mean
    return kept - lr * ahead / (apply("√", math.sqrt, square) + eps)


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (7,) → lr, beta1, beta2, scale, eps, decays, stays, μ_t, μ_{t+1}.

    scale = 1 / √(1 − beta2ᵗ); decays is what weight decay adds to the gradient, stays what it leaves of a parameter.
    """
    lr, beta1, beta2, eps, weight_decay, psi = (
        settings[0], settings[1], settings[2], settings[3], settings[4], np.float64(settings[5])
    )  # fmt: skip
    now = beta1 * (1.0 - _HALF[0] * exp(t * psi * _LOG[0]))
    next_one = beta1 * (1.0 - _HALF[0] * exp((t + 1) * psi * _LOG[0]))
    scale = 1.0 / math.sqrt(1.0 - whole_power(np.float64(beta2), t))
    decays = weight_decay if settings[6] == 0.0 else 0.0
    stays = 1.0 if settings[6] == 0.0 else 1.0 - lr * weight_decay
    return lr, beta1, beta2, DTYPE(scale), eps, DTYPE(decays), DTYPE(stays), DTYPE(now), DTYPE(next_one)


@inline
def update(w: Any, g: Any, m: Any, v: Any, q: Any, p: Any) -> Any:
    """m, v as in Adam; q ← q·μ_t + (1 − μ_t), which is 1 minus the product of all momentums; then the step.

    w ← w − lr·[(1−μ_t)/q·g + μ_{t+1} / (q·μ_{t+1} + 1 − μ_{t+1})·m] / (√v·scale + eps), for one parameter.
    """
    lr, beta1, beta2, scale, eps, decays, stays, now, next_one = p
    g = g + decays * w
    m = multiply_add(beta1, m, (1.0 - beta1) * g)
    v = multiply_add(beta2, v, (1.0 - beta2) * g * g)
    q = multiply_add(q, now, 1.0 - now)
    ahead = (1.0 - now) / q * g + next_one / multiply_add(q, next_one, 1.0 - next_one) * m
    return w * stays - lr * ahead / (math.sqrt(v) * scale + eps), m, v, q


KERNEL = update_kernel(prepare, update, slots=3)
