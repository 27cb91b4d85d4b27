"""Nothing trains: every layer that an objective would change is frozen, or its losses count nothing."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import clean


def examine(evidence: Evidence) -> Sign | None:
    """The objectives whose networks are frozen as a whole, else those whose factors are all 0."""
    if not evidence.idle_objectives:
        return _uncounted(evidence.uncounted_objectives)
    names = " and ".join(f"'{name}'" for name in evidence.idle_objectives)
    what = f"{names} {'trains' if len(evidence.idle_objectives) == 1 else 'train'} nothing"
    if evidence.thawed == evidence.frozen:
        return Sign("warning", f"{what}: all layers with weights are frozen; F on a layer unfreezes it")
    mend = {"training": {"frozen": evidence.thawed}}
    left = f"make it '{clean(evidence.thawed, 60)}'" if evidence.thawed else "make it empty"
    return Sign(
        "warning",
        f"{what}: all weights are frozen by the setting frozen = '{clean(evidence.frozen, 60)}'; {left}",
        mend,
    )


def _uncounted(names: Sequence[str]) -> Sign | None:
    if not names:
        return None
    what = f"'{names[0]}' trains nothing: its losses have a factor of 0"
    return Sign("warning", f"{what}; give one of them another factor, or name '{names[0]}' in the setting resting")


NOTHING_TRAINS = HealthRule("nothing_trains", "Nothing trains", examine, "pane-network", "2", at_start=True)
