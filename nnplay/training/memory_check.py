"""Refusing a network that needs more memory than there is, before anything is allocated."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.network.network import NetworkPlan
from nnplay.text import counted


def refuse_too_large(plans: Mapping[str, NetworkPlan], needed: int) -> None:
    """Refuses networks whose tape needs so many bytes, if there are fewer.

    Args:
        plans: by name; that of a run's own network is empty.

    Raises:
        InputError: what is needed and what there is, the layer with the most parameters, and units that would fit.
    """
    budget = memory_budget()
    if needed <= budget:
        return
    layers = [(name, planned) for name, plan in plans.items() for planned in plan.layers]
    name, worst = max(layers, key=lambda item: sum(math.prod(p.shape) for p in item[1].plan.parameters.values()))
    fits = max(1, worst.plan.output[-1] * budget // needed)  # memory grows in proportion to the units
    raise InputError(
        f"needs {size_text(needed)} with gradients and optimizer state; {size_text(budget)} may be used",
        where=f"{f'{name}, ' if name else ''}layer {worst.path}, {worst.layer.record.name}",
        hint=f"about {counted(fits, 'unit')} would fit",
    )
