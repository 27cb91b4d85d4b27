"""Learning rate too high: the loss stands above its start, or every step throws the weights about without progress."""

from __future__ import annotations

from typing import Final

import numpy as np

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import figure, percent
from nnplay.training.learning_rate import lower_rate

#: The loss this many times its start has grown, unless it falls by that much; below that share of its start the run
#: has learned.
_GROWN: Final = 1.3
_RECOVERS: Final = 0.3
_LEARNED: Final = 0.3
#: Falling less than this is no progress; jumps of this share of the loss, or steps that change that share of the
#: weights, are no search any more.
_PROGRESS: Final = 0.03
_JUMPS: Final = 0.15
_STEP: Final = 0.2


def examine(evidence: Evidence) -> Sign | None:
    """Level, jumps and progress of the recent loss, and the size of a step."""
    loss = evidence.loss
    if not loss.long_enough:
        return None
    values = loss.recent.values
    mean = float(values.mean())
    if mean > _GROWN * loss.first and loss.fall < _RECOVERS:
        return _sign(evidence, f"the {loss.label} is {figure(mean)}, up from {figure(loss.first)} at the start")
    if loss.fall > _PROGRESS or mean < _LEARNED * loss.first:
        return None
    jump = float(np.abs(np.diff(values)).mean() / mean)
    if jump > _JUMPS:
        return _sign(evidence, f"the {loss.label} jumps up and down by {percent(jump)} without falling")
    if evidence.update > _STEP:
        return _sign(
            evidence, f"each step changes the weights by {percent(evidence.update)} and the loss is not falling"
        )
    return None


def _sign(evidence: Evidence, what: str) -> Sign:
    lower = lower_rate(evidence.lr, evidence.usual_lr)
    return Sign("warning", f"learning rate too high: {what}; try {lower:g} instead of {evidence.lr:g}")


RATE_HIGH = HealthRule("rate_high", "Learning rate too high", examine, "pane-training", "3", trend=True)
