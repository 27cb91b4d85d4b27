"""Adam: a step size of its own for each parameter, from running means of the gradient and of its square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline
from nnplay.optimizers._adam_family import (
    SETTINGS,
    adaptive,
    adaptive_rule,
    moved,
    moved_max,
    moved_reference,
    moved_term,
    prepare,
)
from nnplay.records.operation import Operation
from nnplay.records.optimizer import setting_terms, update_count, update_kernel
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


ADAM = adaptive(
    "adam",
    "Adam",
    "Adaptive moments (Kingma and Ba, 2015): each parameter's step is scaled by how steady its gradient is.",
    when="Start here: it works with almost any network at a learning rate of 0.01 or 0.001.",
    decay=(0.0, "adds weight_decay·w to the gradient"),
    rule=lambda: rule(),
    rule_max=lambda: rule_max(),
)


def rule() -> Operation:
    """The update row."""
    return adaptive_rule(
        "Adam",
        kernel=KERNEL,
        reference=reference,
        element=element,
        step="w ← w − lr·m̂/(√v̂ + ε)",
        words="Divides the mean gradient by its typical size, so that every parameter moves about lr per step.",
    )


def rule_max() -> Operation:
    """The update row with amsgrad."""
    return adaptive_rule(
        "Adam",
        kernel=KERNEL_MAX,
        reference=reference,
        element=element,
        step="w ← w − lr·m̂/(√v̂_max + ε)",
        words="Divides by the largest mean square so far: where steps were once small, they stay small.",
        largest=True,
    )


def reference(
    settings: Array, g: Array, w: Array, m: Array, v: Array, *largest: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    return moved_reference(settings, g + float(settings[4]) * w, w, m, v, update_count(clock, every), *largest)


def element(
    at: Any,
    settings: Named,
    g: Named,
    w: Named,
    m: Named,
    v: Named,
    *largest: Named,
    clock: Mapping[str, int],
    every: int,
) -> Term:
    given = setting_terms(settings, *SETTINGS)
    decay = given[4]
    slope = g[at] + decay * w[at] if decay.value else g[at]
    return moved_term(given, slope, w[at], m[at], v[at], update_count(clock, every), *(item[at] for item in largest))


@inline
def update(w: Any, g: Any, m: Any, v: Any, p: Any) -> Any:
    """w, m, v of one parameter after a step along g + weight_decay·w."""
    _, _, _, _, _, weight_decay, _ = p
    return moved(w, g + weight_decay * w, m, v, p)


@inline
def update_max(w: Any, g: Any, m: Any, v: Any, largest: Any, p: Any) -> Any:
    """As `update`, and the largest mean square so far."""
    _, _, _, _, _, weight_decay, _ = p
    return moved_max(w, g + weight_decay * w, m, v, largest, p)


KERNEL = update_kernel(prepare, update, slots=2)
KERNEL_MAX = update_kernel(prepare, update_max, slots=3)
