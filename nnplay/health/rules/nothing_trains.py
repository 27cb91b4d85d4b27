"""Nothing trains: every layer that an objective would change is frozen."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def examine(evidence: Evidence) -> Sign | None:
    """The objectives whose networks are frozen as a whole."""
    if not evidence.idle_objectives:
        return None
    names = " and ".join(f"'{name}'" for name in evidence.idle_objectives)
    what = f"{names} {'trains' if len(evidence.idle_objectives) == 1 else 'train'} nothing"
    if evidence.thawed == evidence.frozen:
        return Sign("warning", f"{what}: all layers with weights are frozen; F on a layer unfreezes it")
    mend = {"training": {"frozen": evidence.thawed}}
    left = f"make it '{evidence.thawed}'" if evidence.thawed else "make it empty"
    return Sign("warning", f"{what}: all weights are frozen by the setting frozen = '{evidence.frozen}'; {left}", mend)


NOTHING_TRAINS = HealthRule("nothing_trains", "Nothing trains", examine, "pane-network", "2", at_start=True)
