"""What Adam and its family share: running means of the gradient and of its square, and the step that follows from them.

Adam and AdamW differ in where weight decay acts: through the gradient, or on the parameters themselves. With amsgrad,
both divide by the largest mean square so far.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import Field, flag, number
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline
from nnplay.kernels.doubles import whole_power
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.optimizer import OptimizerRecord, VectorRule
from nnplay.records.twin import Twin
from nnplay.records.worked import Term, apply

Array = NDArray[Any]
SLOTS = ("exp_avg", "exp_avg_sq")
SETTINGS = ("lr", "beta1", "beta2", "eps", "decay", "amsgrad")


def beta(name: str, default: float, about: str) -> Field:
    """A field for how slowly a running mean follows."""
    reason = "at 1 the mean would never take anything in"
    return number(name, default, about, low=0.0, high=1.0, below=True, reason=reason, live=True)


def eps_field(name: str = "eps") -> Field:
    """What is added to divisors."""
    return number(name, 1e-8, "added to the divisor for numerical stability", low=1e-30, live=True)


def means_reference(settings: Array, g: Array, m: Array, v: Array) -> tuple[Array, Array]:
    """The running means after a gradient; the settings begin with lr, beta1 and beta2."""
    _, beta1, beta2 = settings[:3].astype(np.float64)
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g


def moved_reference(
    settings: Array, g: Array, w: Array, m: Array, v: Array, t: int, largest: Array | None = None
) -> tuple[Array, ...]:
    """The definition of `moved`, or with the largest mean squares of `moved_max`, for update number t."""
    lr, beta1, beta2, eps = settings[:4].astype(np.float64)
    m, v = means_reference(settings, g, m, v)
    kept = () if largest is None else (np.maximum(largest, v),)
    divisor = np.sqrt((kept[0] if kept else v) / (1 - beta2**t)) + eps
    return w - lr * (m / (1 - beta1**t)) / divisor, m, v, *kept


def moved_term(
    settings: list[Term], slope: Term, w: Term, m: Term, v: Term, t: int, largest: Term | None = None
) -> Term:
    """One element of `moved`, worked out."""
    lr, beta1, beta2, eps = settings[:4]
    mean = (beta1 * m + (1 - beta1) * slope) / (1 - beta1**t)
    square = beta2 * v + (1 - beta2) * slope**2
    square = square if largest is None else apply("max", max, largest, square)
    return w - lr * mean / (apply("√", math.sqrt, square / (1 - beta2**t)) + eps)


def torch_arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
    """PyTorch's arguments, where the betas are one pair."""
    rest = {name: value for name, value in values.items() if name not in ("beta1", "beta2")}
    return {**rest, "betas": (values["beta1"], values["beta2"])}


def adaptive(
    name: str,
    title: str,
    about: str,
    *,
    when: str,
    decay: tuple[float, str],
    rule: Callable[[], Operation],
    rule_max: Callable[[], Operation],
) -> OptimizerRecord:
    """The record of an optimizer of this kind.

    Args:
        when: when to use it.
        decay: default of weight_decay, and what it does.
        rule, rule_max: give what `adaptive_rule` has made, without and with amsgrad.
    """
    return OptimizerRecord(
        name=name,
        title=title,
        about=about,
        when=when,
        fields=(
            number("lr", 0.001, "learning rate: roughly how far one step moves a parameter", low=0.0, live=True),
            beta("beta1", 0.9, "decay of the running mean of the gradient"),
            beta("beta2", 0.999, "decay of the running mean of its square"),
            eps_field(),
            number("weight_decay", decay[0], decay[1], low=0.0, live=True),
            flag("amsgrad", False, "divide by the largest mean square so far, so that no step grows again"),
        ),
        slots=SLOTS,
        squares=("exp_avg_sq", "max_exp_avg_sq"),
        switched={"amsgrad": VectorRule((*SLOTS, "max_exp_avg_sq"), rule_max)},
        pairs={"betas": ("beta1", "beta2")},
        rule=rule,
        torch=title,
        twin=Twin(f"optim.{title}", torch_arguments),
        cases=(
            {"lr": 0.01},
            {"lr": 0.1, "beta1": 0.8, "beta2": 0.99, "eps": 1e-4, "weight_decay": 0.1},
            {"lr": 0.05, "beta2": 0.5, "weight_decay": 0.1, "amsgrad": True},
        ),
        refused=(
            Refused({"lr": -0.1}, (), "≥ 0"),
            Refused({"beta1": 1}, (), "'1' is not a number ≥ 0 and < 1; at 1 the mean would never take anything in"),
            Refused({"beta2": 0.99999999}, (), "< 1"),
            Refused({"eps": 0}, (), "≥ 1e-30"),
            Refused({"betas": (0.9, 0.99, 0.999)}, (), "not 2 numbers"),
        ),
    )


def adaptive_rule(
    title: str, *, kernel: Kernel, reference: Callable[..., Any], element: Callable[..., Term],
    step: str, words: str, largest: bool = False,
) -> Operation:  # fmt: skip
    """The update row of an optimizer of this kind.

    Args:
        title: PyTorch's class, whose name in small letters is ours.
        step: formula of the step, behind those of the means.
        largest: it keeps the largest mean squares, as amsgrad does.
    """
    kept = (*SLOTS, "max_exp_avg_sq") if largest else SLOTS
    most = "  v_max ← max(v_max, v);" if largest else ""
    return Operation(
        name=f"update ({title.lower()}, amsgrad)" if largest else f"update ({title.lower()})",
        kernel=kernel,
        cuda=(CudaRow(kernel),),
        reads=("optimizer", "gradients", "parameters", *kept),
        writes=("parameters", *kept, "finite_flags"),
        reference=reference,
        formula=f"m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;{most}  {step}",
        words=words,
        element=element,
        integers=("every",),
        uses_clock=True,
        torch=f"torch.optim.{title}",
    )


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `moved` takes besides tensors: settings (5 or more,) → 7 numbers, for update t.

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


@inline
def moved_max(w: Any, g: Any, m: Any, v: Any, largest: Any, p: Any) -> Any:
    """As `moved`, but with largest ← max(largest, v) in place of v in the step."""
    rate, beta1, beta2, scale, eps, _, _ = p
    m = multiply_add(beta1, m, (1.0 - beta1) * g)
    v = multiply_add(beta2, v, (1.0 - beta2) * g * g)
    largest = max(largest, v)
    return w - rate * m / (math.sqrt(largest) * scale + eps), m, v, largest
