"""What Adam and AdamW share: running means of the gradient and of its square, and the step that follows from them.

The two differ in where weight decay acts: through the gradient, or on the parameters themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline
from nnplay.kernels.doubles import whole_power
from nnplay.records.layer import Refused
from nnplay.records.operation import Operation, Shape
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.twin import Twin
from nnplay.records.worked import Term, apply

Array = NDArray[Any]
SETTINGS = ("lr", "beta1", "beta2", "eps", "decay")


def moved_reference(settings: Array, g: Array, w: Array, m: Array, v: Array, t: int) -> tuple[Array, ...]:
    """The definition of `moved`, for update number t."""
    lr, beta1, beta2, eps, _ = settings.astype(np.float64)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def moved_term(settings: list[Term], slope: Term, w: Term, m: Term, v: Term, t: int) -> Term:
    """One element of `moved`, worked out."""
    lr, beta1, beta2, eps, _ = settings
    mean = (beta1 * m + (1 - beta1) * slope) / (1 - beta1**t)
    square = (beta2 * v + (1 - beta2) * slope**2) / (1 - beta2**t)
    return w - lr * mean / (apply("√", math.sqrt, square) + eps)


def _arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
    rest = {name: value for name, value in values.items() if name not in ("beta1", "beta2")}
    return {**rest, "betas": (values["beta1"], values["beta2"])}


def adaptive(
    name: str, title: str, about: str, *, when: str, decay: tuple[float, str], rule: Callable[[], Operation]
) -> OptimizerRecord:
    """The record of an optimizer of this kind.

    Args:
        when: when to use it.
        decay: default of weight_decay, and what it does.
        rule: gives what `adaptive_rule` has made.
    """
    return OptimizerRecord(
        name=name,
        title=title,
        about=about,
        when=when,
        fields=(
            number("lr", 0.001, "learning rate: roughly how far one step moves a parameter", low=0.0, live=True),
            number("beta1", 0.9, "decay of the running mean of the gradient", low=0.0, high=0.9999999, live=True),
            number("beta2", 0.999, "decay of the running mean of its square", low=0.0, high=0.9999999, live=True),
            number("eps", 1e-8, "added to the divisor for numerical stability", low=1e-30, live=True),
            number("weight_decay", decay[0], decay[1], low=0.0, live=True),
        ),
        slots=("exp_avg", "exp_avg_sq"),
        pairs={"betas": ("beta1", "beta2")},
        rule=rule,
        torch=title,
        twin=Twin(f"optim.{title}", _arguments),
        cases=({"lr": 0.01}, {"lr": 0.1, "beta1": 0.8, "beta2": 0.99, "eps": 1e-4, "weight_decay": 0.1}),
        refused=(
            Refused({"lr": -0.1}, (), "≥ 0"),
            Refused({"beta2": 1}, (), "≤ 1"),
            Refused({"eps": 0}, (), "≥ 1e-30"),
            Refused({"betas": (0.9, 0.99, 0.999)}, (), "not 2 numbers"),
        ),
    )


def adaptive_rule(
    title: str, *, kernel: Kernel, reference: Callable[..., Any], element: Callable[..., Term],
    step: str, words: str,
) -> Operation:  # fmt: skip
    """The update row of an optimizer of this kind.

    Args:
        title: PyTorch's class, whose name in small letters is ours.
        step: formula of the step, behind those of the means.
    """
    return Operation(
        name=f"update ({title.lower()})",
        kernel=kernel,
        reads=("optimizer", "gradients", "parameters", "exp_avg", "exp_avg_sq"),
        writes=("parameters", "exp_avg", "exp_avg_sq", "finite_flags"),
        reference=reference,
        formula=f"m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  {step}",
        words=words,
        element=element,
        integers=("every",),
        uses_clock=True,
        torch=f"torch.optim.{title}",
    )


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `moved` takes besides tensors: settings (5,) → 7 numbers, for update t.

    rate = lr / (1 − beta1ᵗ), beta1, beta2, scale = 1 / √(1 − beta2ᵗ), eps, weight_decay, stays = 1 − lr·weight_decay
    """
    lr, beta1, beta2, eps, weight_decay = settings[0], settings[1], settings[2], settings[3], settings[4]
    rate = lr / (1.0 - whole_power(np.float64(beta1), t))
    scale = 1.0 / math.sqrt(1.0 - whole_power(np.float64(beta2), t))
    return DTYPE(rate), beta1, beta2, DTYPE(scale), eps, weight_decay, DTYPE(1.0 - lr * weight_decay)


@inline
def moved(w: Any, g: Any, m: Any, v: Any, p: Any) -> Any:
    """m ← beta1·m + (1−beta1)·g; v ← beta2·v + (1−beta2)·g²; w ← w − rate·m / (√v·scale + eps), for one parameter."""
    rate, beta1, beta2, scale, eps, _, _ = p
    m = multiply_add(beta1, m, (1.0 - beta1) * g)
    v = multiply_add(beta2, v, (1.0 - beta2) * g * g)
    return w - rate * m / (math.sqrt(v) * scale + eps), m, v
