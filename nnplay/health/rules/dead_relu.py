"""Dead ReLUs: units that are 0 for all rows, and so learn nothing any more."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign

#: Share of a layer's units from which on it is said, and is a warning: a few dead units of many do no harm.
_HINT: Final = 0.25
_WARNING: Final = 0.5


def look(evidence: Evidence) -> Sign | None:
    """The layer with the most units that are 0 for every row."""
    worst = max(evidence.activations, key=lambda layer: layer.silent, default=None)
    if worst is None or worst.silent < _HINT:
        return None
    what = f"dead units: {worst.silent:.0%} of layer {worst.path} ({worst.kind}) are 0 for all {worst.rows:,} rows"
    cure = "draw new weights and lower the rate"
    return Sign("warning" if worst.silent >= _WARNING else "hint", f"{what} looked at; {cure}")


DEAD_RELU = HealthRule("dead_relu", "Dead ReLUs", look, "new-weights", "R")
