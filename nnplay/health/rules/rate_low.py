"""Learning rate too low: the loss hardly moves, because the weights hardly move, although there is a gradient."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import counted, percent

#: The weights can have changed by no more than this share in the time in which the loss fell by no more than that.
MOVED: Final = 0.05
_FALLEN: Final = 0.02
_LEARNED: Final = 0.3
#: A gradient below this leaves a run nothing to do, at any rate.
_GRADIENT: Final = 1e-4


def examine(evidence: Evidence) -> Sign | None:
    """The way that the weights can have gone over the recent losses, against the fall of the loss."""
    loss, norms = evidence.loss, evidence.gradient_norm.tail(20).values
    if not loss.long_enough or abs(loss.fall) > _FALLEN or loss.now < _LEARNED * loss.first:
        return None
    if norms.mean() < _GRADIENT:
        return None
    cure = f"try {evidence.lr * 10:g} instead of {evidence.lr:g}"
    if evidence.update * loss.window < MOVED:
        moved = (
            f"in {counted(loss.window, 'step')} the loss moved by {percent(abs(loss.fall), 1)} and the weights "
            "hardly at all"
        )
        return Sign("warning", f"learning rate too low: {moved}; {cure}")
    if loss.steady:
        return Sign(
            "hint",
            f"learning rate low: the loss is falling steadily but slowly ({percent(loss.fall, 1)} lately); {cure}",
        )
    return None


RATE_LOW = HealthRule("rate_low", "Learning rate too low", examine, "pane-training", "3", trend=True)
