"""Rprop: each parameter has a step size of its own, which grows as long as the sign of its gradient stays the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_kernel
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]
_FIELDS = ("lr", "eta_minus", "eta_plus", "step_min", "step_max")


RPROP = OptimizerRecord(
    name="rprop",
    title="Rprop",
    about="Resilient backpropagation (Riedmiller and Braun, 1993): only signs of gradients count, not their sizes.",
    when="With all rows in one batch (batch size all), where signs do not flicker; then it needs no tuning.",
    fields=(
        number("lr", 0.01, "first step size; later ones do not depend on it, nor on a schedule", low=0.0, live=True),
        number(
            "eta_minus", 0.5, "factor of a step size whose gradient has changed sign", low=0.0, high=1.0, below=True,
            above=True, reason="it must shrink the step", live=True,
        ),
        number("eta_plus", 1.2, "factor of a step size whose gradient kept its sign", low=1.0, above=True, live=True),
        number("step_min", 1e-6, "smallest step size", low=1e-30, live=True),
        number("step_max", 50.0, "largest step size", low=0.0, above=True, live=True),
    ),
    slots=("prev", "step_size"),  # a step size of 0 stands for lr: so slots begin at 0
    pairs={"etas": ("eta_minus", "eta_plus"), "step_sizes": ("step_min", "step_max")},
    rule=lambda: rule(),
    torch="Rprop",
    twin=Twin("optim.Rprop", lambda values, shape: arguments(values, shape)),
    cases=({"lr": 0.01}, {"lr": 0.1, "eta_minus": 0.7, "eta_plus": 1.5, "step_min": 0.01, "step_max": 0.15}),
    refused=(
        Refused({"lr": -1}, (), "≥ 0"),
        Refused({"eta_minus": 1}, (), "< 1; it must shrink the step"),
        Refused({"eta_plus": 1}, (), "> 1"),
        Refused({"etas": 0.5}, (), "not 2 numbers"),
    ),
)  # fmt: skip


def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
    """PyTorch's arguments, two of which are pairs."""
    pairs = {name: tuple(values[part] for part in parts) for name, parts in RPROP.pairs.items()}
    return {"lr": values["lr"], **pairs}


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (rprop)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "prev", "step_size"),
        writes=("parameters", "prev", "step_size", "finite_flags"),
        reference=reference,
        formula="Δ ← Δ·η₊ where g·g_prev > 0, Δ·η₋ and g ← 0 where it is < 0, within step_min … step_max;  "
        "w ← w − sign(g)·Δ;  g_prev ← g",
        words="Steps in the same direction get longer; where the sign flips, a minimum was jumped over, and the "
        "step gets shorter.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.Rprop",
    )


def reference(
    settings: Array, g: Array, w: Array, prev: Array, size: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, minus, plus, low, high = settings.astype(np.float64)
    size, agrees = np.where(size == 0, lr, size), np.sign(g * prev)
    size = np.minimum(np.maximum(size * np.where(agrees > 0, plus, np.where(agrees < 0, minus, 1.0)), low), high)
    g = np.where(agrees < 0, 0.0, g)
    return w - np.sign(g) * size, g, size


def element(
    at: Any, settings: Named, g: Named, w: Named, prev: Named, size: Named, clock: Mapping[str, int], every: int
) -> Term:
    lr, minus, plus, low, high = setting_terms(settings, *_FIELDS)
    agrees, length = g[at].value * prev[at].value, size[at] if size[at].value else lr
    length = length * (plus if agrees > 0 else minus) if agrees else length
    length = apply("min", min, apply("max", max, length, low), high)
    sign = as_term(0.0) if agrees < 0 else apply("sign", lambda value: float(np.sign(value)), g[at])
    return w[at] - sign * length


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (5,) → lr, eta_minus, eta_plus, step_min, step_max."""
    return settings[0], settings[1], settings[2], settings[3], settings[4]


@inline
def update(w: Any, g: Any, prev: Any, size: Any, p: Any) -> Any:
    """size ← size·(eta_plus or eta_minus), within its limits; w ← w − sign(g)·size; prev ← g, for one parameter.

    Where g·prev is negative, g counts as 0; a size of 0 stands for lr.
    """
    lr, minus, plus, low, high = p
    size = lr if size == 0.0 else size
    agrees = g * prev
    factor = plus if agrees > 0.0 else (minus if agrees < 0.0 else 1.0)
    size = min(max(size * factor, low), high)
    g = 0.0 if agrees < 0.0 else g
    sign = 1.0 if g > 0.0 else (-1.0 if g < 0.0 else g)
    return w - sign * size, g, size


KERNEL = update_kernel(prepare, update, slots=2)
