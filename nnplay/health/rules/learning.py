"""Learning: the loss falls, or has fallen."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign

_FALL: Final = 0.01
_LEARNED: Final = 0.1


def examine(evidence: Evidence) -> Sign | None:
    """The newer half of the recent losses against the older one; if flat, the loss now against its beginning."""
    loss = evidence.loss
    if not loss.long_enough:
        return None
    if loss.fall >= _FALL:
        values, epochs = loss.recent.values, round(loss.window / evidence.batches)
        over = f"{epochs:,} epochs" if loss.per_epoch else f"{loss.window:,} steps"
        total = max(loss.fall, 1.0 - float(values[-1] / values[0]) if values[0] else 0.0)
        return Sign("good", f"learning: the loss fell {total:.0%} over the last {over}")
    if loss.now <= _LEARNED * loss.first:
        return Sign("good", f"learned: the loss is {loss.now:.3g}, it began at {loss.first:.3g}")
    return None


LEARNING = HealthRule("learning", "Learning", examine, trend=True)
