"""SGD: a step against the gradient, with or without momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnplay.fields import flag, number
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, setting_terms, update_count, update_kernel
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


SGD = OptimizerRecord(
    name="sgd",
    title="SGD",
    about="Stochastic gradient descent: steps against the gradient of one batch. With momentum, steady steps add up.",
    when="When you can tune the learning rate: with momentum 0.9 it often generalises best.",
    fields=(
        number("lr", 0.001, "learning rate: how far one step goes", low=0.0, live=True),
        number("momentum", 0.0, "momentum: share of the previous step that is kept", low=0.0, high=1.0, live=True),
        flag("nesterov", False, "look ahead along the momentum before correcting", live=True),
        number("weight_decay", 0.0, "adds weight_decay·w to the gradient", low=0.0, live=True),
        number("dampening", 0.0, "share of the gradient that momentum leaves out", low=0.0, high=1.0, live=True),
    ),
    slots=("momentum_buffer",),
    rule=lambda: rule(),
    torch="SGD",
    twin=Twin("optim.SGD", same_arguments),
    cases=(
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.5, "dampening": 0.2},
    ),
    refused=(
        Refused({"lr": -1}, (), "≥ 0"),
        Refused({"lr": "nan"}, (), "not a number"),
        Refused({"momentum": 1.5}, (), "≤ 1"),
    ),
)


def rule() -> Operation:
    """The update row."""
    return Operation(
        name="update (sgd)",
        kernel=KERNEL,
        cuda=(CudaRow(KERNEL),),
        reads=("optimizer", "gradients", "parameters", "momentum_buffer"),
        writes=("parameters", "momentum_buffer", "finite_flags"),
        reference=reference,
        formula="v ← momentum·v + g;  w ← w − lr·v",
        words="Moves every parameter a little against its gradient. The learning rate says how far.",
        element=element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.SGD",
    )


def _entering(momentum: float, dampening: float, update: int) -> float:
    return 1.0 if update == 1 or momentum == 0 else 1 - dampening


def reference(
    settings: Array, g: Array, w: Array, velocity: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, momentum, nesterov, decay, dampening = settings
    g = g + decay * w
    velocity = momentum * velocity + _entering(momentum, dampening, update_count(clock, every)) * g
    step = g + momentum * velocity if nesterov else velocity
    return w - lr * step, velocity


def element(
    at: Any, settings: Named, g: Named, w: Named, velocity: Named, clock: Mapping[str, int], every: int
) -> Term:
    lr, momentum, nesterov, decay, dampening = setting_terms(
        settings, "lr", "momentum", "nesterov", "decay", "dampening"
    )
    slope = g[at] + decay * w[at] if decay.value else g[at]
    entering = (
        slope
        if _entering(momentum.value, dampening.value, update_count(clock, every)) == 1
        else (1 - dampening) * slope
    )
    moved = momentum * velocity[at] + entering if momentum.value else entering
    return w[at] - lr * (slope + momentum * moved if nesterov.value else moved)


@inline
def prepare(settings: Any, t: int) -> Any:
    """What `update` takes besides tensors: settings (5,) → lr, momentum, nesterov, weight_decay, entering.

    `entering` is the share of the gradient that enters the velocity.
    """
    lr, momentum, nesterov, weight_decay, dampening = settings[0], settings[1], settings[2], settings[3], settings[4]
    entering = 1.0 if t == 1 or momentum == 0.0 else 1.0 - dampening  # PyTorch does not dampen the first step
    return lr, momentum, nesterov, weight_decay, DTYPE(entering)


@inline
def update(w: Any, g: Any, velocity: Any, p: Any) -> Any:
    """velocity ← momentum·velocity + entering·g; w ← w − lr·velocity, for one parameter.

    g has weight_decay·w added; with Nesterov, w moves by lr·(g + momentum·velocity).
    """
    lr, momentum, nesterov, weight_decay, entering = p
    g = g + weight_decay * w
    velocity = momentum * velocity + entering * g
    step = g + momentum * velocity if nesterov != 0.0 else velocity
    return w - lr * step, velocity


KERNEL = update_kernel(prepare, update, slots=1)
