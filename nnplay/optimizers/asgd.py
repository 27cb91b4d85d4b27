"""ASGD: plain steps that get shorter, and the average of the parameters beside them (Polyak and Juditsky, 1992)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.doubles import exp, log
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_count, update_kernel
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]
_FIELDS = ("lr", "lambd", "alpha", "t0", "decay")


ASGD = OptimizerRecord(
    name="asgd",
    title="ASGD",
    about="Averaged SGD (Polyak and Juditsky, 1992): ever shorter steps, and the average of the parameters, `ax`.",
    when="For convex problems. To use averaged weights of any optimizer, set `average` instead.",
    fields=(
        number("lr", 0.01, "learning rate: how far the first step goes", low=0.0, live=True),
        number("lambd", 1e-4, "decay of the learning rate and of the parameters", low=0.0, live=True),
        number("alpha", 0.75, "power with which the learning rate decays", low=0.0, high=10.0, live=True),
        number("t0", 1e6, "steps before averaging begins; until then `ax` is the parameter itself", low=0.0, live=True),
        number("weight_decay", 0.0, "adds weight_decay·w to the gradient", low=0.0, live=True),
    ),
    slots=("ax",),
    rule=lambda: rule(),
    torch="ASGD",
    twin=Twin("optim.ASGD", same_arguments),
    cases=({"lr": 0.1}, {"lr": 0.2, "lambd": 0.1, "alpha": 0.5, "t0": 4, "weight_decay": 0.01}),
    refused=(Refused({"lr": -1}, (), "≥ 0"), Refused({"t0": -1}, (), "≥ 0")),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (asgd)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "ax"),
        writes=("parameters", "ax", "finite_flags"),
        reference=reference,
        formula="η = lr/(1 + λ·lr·(t−1))^α;  w ← (1 − λη)w − ηg;  ax ← ax + (w − ax)/max(1, t − 1 − t₀)",
        words="A plain step, shorter each time. The average of all parameters since t₀ is kept beside them.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.ASGD",
    )


def reference(
    settings: Array, g: Array, w: Array, ax: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, lambd, alpha, start, decay = settings.astype(np.float64)
    before = update_count(clock, every) - 1
    eta = lr / (1 + lambd * lr * before) ** alpha
    w = w * (1 - lambd * eta) - eta * (g + decay * w)
    return w, ax + (w - ax) / max(1.0, before - start)


def element(at: Any, settings: Named, g: Named, w: Named, ax: Named, clock: Mapping[str, int], every: int) -> Term:
    lr, lambd, alpha, _, decay = setting_terms(settings, *_FIELDS)
    before = update_count(clock, every) - 1
    slope = g[at] + decay * w[at] if decay.value else g[at]
    eta = lr / apply("power", pow, 1 + lambd * lr * before, alpha) if before else lr
    return w[at] * (1 - lambd * eta) - eta * slope


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (5,) → eta, stays = 1 − lambd·eta, weight_decay, share.

    eta = lr / (1 + lambd·lr·(t − 1))^alpha; share = 1 / max(1, t − 1 − t0) is how much the average moves.
    """
    lr, lambd, alpha = np.float64(settings[0]), np.float64(settings[1]), np.float64(settings[2])
    eta = lr * exp(-alpha * log(1.0 + lambd * lr * (t - 1)))
    share = 1.0 / max(1.0, (t - 1) - np.float64(settings[3]))
    return DTYPE(eta), DTYPE(1.0 - lambd * eta), settings[4], DTYPE(share)


@inline
def update(w: Any, g: Any, ax: Any, p: Any) -> Any:
    """w ← w·stays − eta·g; ax ← ax + share·(w − ax), or w where share is 1, for one parameter.

    g has weight_decay·w added.
    """
    eta, stays, weight_decay, share = p
    w = w * stays - eta * (g + weight_decay * w)
    return w, w if share == 1.0 else ax + share * (w - ax)


KERNEL = update_kernel(prepare, update, slots=1)
