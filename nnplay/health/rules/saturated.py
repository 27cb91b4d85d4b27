"""Saturated units: tanh or sigmoid units that stand at a bound for nearly every row, where the slope is almost 0."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import percent

_HINT: Final = 0.5
#: Below this share of its first loss a run has learned, and units that have made up their mind are no fault.
_LEARNED: Final = 0.1


def examine(evidence: Evidence) -> Sign | None:
    """The layer with the most saturated units."""
    worst = max(evidence.activations, key=lambda layer: layer.saturated, default=None)
    if worst is None or worst.saturated < _HINT or evidence.loss.now < _LEARNED * evidence.loss.first:
        return None
    what = (
        f"saturated: {percent(worst.saturated)} of the units in layer {worst.path} ({worst.kind}) are at their limits"
    )
    return Sign(
        "warning",
        f"{what}, where they hardly learn; scale the inputs, lower the learning rate, or re-initialise the weights",
    )


SATURATED = HealthRule("saturated", "Saturated units", examine, "new-weights", "R", trend=True)
