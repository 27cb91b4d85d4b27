"""Equal weights: all units of a hidden layer are the same unit, and stay so, since they get the same gradient.

That takes two layers: units with the same weights, whose answers are passed on with the same weights. Zeros in one
layer alone (a habit for the last one) are no fault.
"""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def examine(evidence: Evidence) -> Sign | None:
    """Layers of equal units in front of a layer that cannot tell them apart."""
    pairs = zip(evidence.weights, evidence.weights[1:], strict=False)
    alike = [layer for layer, behind in pairs if layer.alike and behind.passes_alike]
    if not alike:
        return None
    which = f"layer {alike[0].path}" if len(alike) == 1 else f"layers {', '.join(layer.path for layer in alike[:4])}"
    return Sign(
        "error",
        f"equal weights: all units of {which} are identical and will learn the same; start from random weights "
        "(init auto)",
    )


EQUAL_WEIGHTS = HealthRule("equal_weights", "Equal weights", examine, "pane-network", "2")
