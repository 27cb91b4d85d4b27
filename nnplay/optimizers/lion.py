"""Lion: steps of one size, whose direction is the sign of a mean gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.optimizers._adam_family import beta
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_kernel
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]


LION = OptimizerRecord(
    name="lion",
    title="Lion",
    about="Evolved sign momentum (Chen et al., 2023): every parameter moves by exactly lr, so lr must be small.",
    when="For large networks; give it a learning rate about ten times smaller than Adam's.",
    fields=(
        number("lr", 1e-4, "learning rate: how far each step moves each parameter", low=0.0, live=True),
        beta("beta1", 0.9, "weight of the running mean in the gradient whose sign is taken"),
        beta("beta2", 0.99, "decay of the running mean of the gradient"),
        number(
            "weight_decay",
            0.0,
            "decoupled weight decay: each step shrinks parameters by lr·weight_decay",
            low=0.0,
            live=True,
        ),
    ),
    slots=("exp_avg",),
    pairs={"betas": ("beta1", "beta2")},
    rule=lambda: rule(),
    torch="no class in torch.optim",
    cases=({"lr": 0.01}, {"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.1}),
    refused=(Refused({"lr": -1}, (), "≥ 0"), Refused({"betas": 0.9}, (), "not 2 numbers")),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (lion)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "exp_avg"),
        writes=("parameters", "exp_avg", "finite_flags"),
        reference=reference,
        formula="w ← (1 − lr·λ)w − lr·sign(β₁m + (1−β₁)g);  m ← β₂m + (1−β₂)g",
        words="Moves every parameter by lr against the sign of its mean gradient, however small that gradient is.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="no class in torch.optim; the rule of the paper's Algorithm 2",
    )


def reference(settings: Array, g: Array, w: Array, m: Array, clock: Mapping[str, int], every: int) -> tuple[Array, ...]:
    lr, beta1, beta2, decay = settings
    sign = np.sign(beta1 * m + (1 - beta1) * g)
    return w * (1 - lr * decay) - lr * sign, beta2 * m + (1 - beta2) * g


def element(at: Any, settings: Named, g: Named, w: Named, m: Named, clock: Mapping[str, int], every: int) -> Term:
    lr, beta1, _, decay = setting_terms(settings, "lr", "beta1", "beta2", "decay")
    kept = w[at] * (1 - lr * decay) if decay.value else w[at]
    return kept - lr * apply("sign", np.sign, beta1 * m[at] + (1 - beta1) * g[at])


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (4,) → lr, beta1, beta2, stays = 1 − lr·weight_decay."""
    lr, beta1, beta2, weight_decay = settings[0], settings[1], settings[2], settings[3]
    return lr, beta1, beta2, DTYPE(1.0 - lr * weight_decay)


@inline
def update(w: Any, g: Any, m: Any, p: Any) -> Any:
    """w ← w·stays − lr·sign(beta1·m + (1−beta1)·g); m ← beta2·m + (1−beta2)·g, for one parameter."""
    lr, beta1, beta2, stays = p
    mixed = beta1 * m + (1.0 - beta1) * g
    sign = 1.0 if mixed > 0.0 else (-1.0 if mixed < 0.0 else mixed)  # 0 stays 0, and NaN stays NaN
    return w * stays - lr * sign, beta2 * m + (1.0 - beta2) * g


KERNEL = update_kernel(prepare, update, slots=1)
