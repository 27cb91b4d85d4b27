"""Diverging: the loss is far above its best, or a number was not finite."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import figure

#: Times its best, and times its start: a loss near 0 may well be ten times its best without any harm.
_BEST: Final = 10.0
_FIRST: Final = 0.5
_CURE: Final = "rewind, or go back a few steps, and lower the learning rate"


def examine(evidence: Evidence) -> Sign | None:
    """The smoothed loss against its best and its beginning."""
    if evidence.fault:
        return Sign("error", f"not finite: the loss became NaN or infinite at learning rate {evidence.lr:g}; {_CURE}")
    loss = evidence.loss
    if len(loss.all) < 2 or loss.now < _BEST * loss.best or loss.now < _FIRST * loss.first:
        return None
    times = f"{loss.now / loss.best:,.0f} times its best of" if loss.best > 0 else "and its best was"
    return Sign("error", f"diverging: the {loss.label} is {figure(loss.now)}, {times} {figure(loss.best)}; {_CURE}")


DIVERGING = HealthRule("diverging", "Diverging", examine, "rewind", "r", trend=True)
