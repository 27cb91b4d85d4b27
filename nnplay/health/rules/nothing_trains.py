"""Nothing trains: every layer that an objective would change is frozen."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def examine(evidence: Evidence) -> Sign | None:
    """The objectives whose networks are frozen as a whole."""
    if not evidence.idle_objectives:
        return None
    names = " and ".join(f"'{name}'" for name in evidence.idle_objectives)
    return Sign("warning", f"{names} trains nothing: all layers with weights are frozen; F on a layer unfreezes it")


NOTHING_TRAINS = HealthRule("nothing_trains", "Nothing trains", examine, "pane-network", "2")
