"""AdamW: Adam whose weight decay acts on the parameters themselves, not through the gradient."""

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


ADAMW = adaptive(
    "adamw",
    "AdamW",
    "Adam with decoupled weight decay (Loshchilov and Hutter, 2019): the usual choice for large networks.",
    when="When weight decay matters: transformers and other large networks.",
    decay=(0.01, "decoupled weight decay: each step shrinks parameters by lr·weight_decay"),
    rule=lambda: rule(),
    rule_max=lambda: rule_max(),
)


def rule() -> Operation:
    """The update row."""
    return adaptive_rule(
        "AdamW",
        kernel=KERNEL,
        reference=reference,
        element=element,
        step="w ← (1 − lr·λ)w − lr·m̂/(√v̂ + ε)",
        words="Divides the mean gradient by its typical size, and shrinks every parameter a little.",
    )


def rule_max() -> Operation:
    """The update row with amsgrad."""
    return adaptive_rule(
        "AdamW",
        kernel=KERNEL_MAX,
        reference=reference,
        element=element,
        step="w ← (1 − lr·λ)w − lr·m̂/(√v̂_max + ε)",
        words="Divides by the largest mean square so far: where steps were once small, they stay small.",
        largest=True,
    )


def reference(
    settings: Array, g: Array, w: Array, m: Array, v: Array, *largest: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    lr, decay = float(settings[0]), float(settings[4])
    return moved_reference(settings, g, w * (1 - lr * decay), m, v, update_count(clock, every), *largest)


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
    lr, decay = given[0], given[4]
    kept = w[at] * (1 - lr * decay) if decay.value else w[at]
    return moved_term(given, g[at], kept, m[at], v[at], update_count(clock, every), *(item[at] for item in largest))


@inline
def update(w: Any, g: Any, m: Any, v: Any, p: Any) -> Any:
    """w, m, v of one parameter after a step along g, where w begins smaller: w·(1 − lr·weight_decay)."""
    _, _, _, _, _, _, stays = p
    return moved(w * stays, g, m, v, p)


@inline
def update_max(w: Any, g: Any, m: Any, v: Any, largest: Any, p: Any) -> Any:
    """As `update`, and the largest mean square so far."""
    _, _, _, _, _, _, stays = p
    return moved_max(w * stays, g, m, v, largest, p)


KERNEL = update_kernel(prepare, update, slots=2)
KERNEL_MAX = update_kernel(prepare, update_max, slots=3)
