"""Refusing a network that needs more memory than there is, before anything is allocated."""

from __future__ import annotations

import math

from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.network.network import NetworkPlan
from nnplay.text import counted


def refuse_too_large(plan: NetworkPlan, needed: int) -> None:
    """Refuses a plan whose tape needs so many bytes, if there are fewer.

    Raises:
        InputError: what is needed and what there is, the layer with the most parameters, and units that would fit.
    """
    budget = memory_budget()
    if needed <= budget:
        return
    worst = max(plan.layers, key=lambda planned: sum(math.prod(p.shape) for p in planned.plan.parameters.values()))
    fits = max(1, worst.plan.output[-1] * budget // needed)  # memory grows in proportion to the units
    raise InputError(
        f"needs {size_text(needed)} with gradients and optimizer state; {size_text(budget)} may be used",
        where=f"layer {worst.path}, {worst.layer.record.name}",
        hint=f"about {counted(fits, 'unit')} would fit",
    )
