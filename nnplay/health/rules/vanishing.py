"""Vanishing gradients: the first layers get far smaller gradients than the last ones."""

from __future__ import annotations

import math
from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign

#: Trained layers below which a gradient cannot vanish on its way; and how much smaller it has to be.
LAYERS: Final = 3
TIMES: Final = 1_000.0


def examine(evidence: Evidence) -> Sign | None:
    """The gradient of one weight of the first layer against that of the last one."""
    known = [layer for layer in evidence.weights if math.isfinite(layer.gradient)]
    if len(known) < LAYERS or known[-1].gradient == 0.0:
        return None
    first, last = known[0], known[-1]
    if first.gradient * TIMES > last.gradient:
        return None
    what = f"in layer {first.path} it is 0"
    if first.gradient:
        times = f"{last.gradient / first.gradient:,.0f}" if last.gradient < 1e9 * first.gradient else "billions of"
        what = f"in layer {first.path} it is {times} times smaller than in layer {last.path}"
    return Sign("warning", f"vanishing gradient: {what}; use relu, or fewer layers")


VANISHING = HealthRule("vanishing", "Vanishing gradient", examine, "pane-network", "2", trend=True)
