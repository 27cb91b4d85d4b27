"""Underfitting: the loss is high and flat, though the weights do move."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.health.rules.rate_low import MOVED
from nnplay.text import figure

#: The loss is still above this share of its start, and moved less than that over the recent epochs.
_HIGH: Final = 0.6
_FLAT: Final = 0.02


def examine(evidence: Evidence) -> Sign | None:
    """Level and movement of the loss; both losses, where there is a validation part."""
    loss, held = evidence.loss, evidence.validation_loss
    if not loss.long_enough or not loss.per_epoch or loss.now < _HIGH * loss.first or abs(loss.fall) > _FLAT:
        return None
    if loss.steady or evidence.update * loss.window < MOVED or (len(held) and held.values[-1] < _HIGH * loss.first):
        return None
    both = "both losses are stuck" if len(held) else "the loss is stuck"
    high = f"{both} near {figure(loss.now)} (started at {figure(loss.first)})"
    return Sign("hint", f"underfitting: {high}; add units, layers or features")


UNDERFITTING = HealthRule("underfitting", "Underfitting", examine, "add-layer", "a", trend=True)
