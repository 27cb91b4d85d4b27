"""Learning: the loss falls."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def look(evidence: Evidence) -> Sign | None:
    """The mean loss of the newer half of the recent steps against that of the older half."""
    losses = evidence.losses
    if len(losses) < 20:
        return None
    half = len(losses) // 2
    before, now = float(losses[:half].mean()), float(losses[half:].mean())
    if not now < before * 0.99:
        return None
    return Sign("good", f"learning: the loss fell {1 - now / before:.0%} over the last {len(losses):,} steps")


LEARNING = HealthRule("learning", "Learning", look)
