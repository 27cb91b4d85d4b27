"""Equal weights: all units of a hidden layer are the same unit, and stay so, since they get the same gradient."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def look(evidence: Evidence) -> Sign | None:
    """Any layer but the last one, whose units differ by their targets."""
    alike = [layer for layer in evidence.weights[:-1] if layer.alike]
    if not alike:
        return None
    which = f"layer {alike[0].path}" if len(alike) == 1 else f"layers {', '.join(layer.path for layer in alike[:4])}"
    return Sign(
        "error",
        f"equal weights: all units of {which} are alike and learn the same; begin with random weights (init auto)",
    )


EQUAL_WEIGHTS = HealthRule("equal_weights", "Equal weights", look, "pane-network", "2")
