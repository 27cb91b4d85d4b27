"""Learning: the loss falls, or has fallen."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import counted, figure

_FALL: Final = 0.01
_LEARNED: Final = 0.1


def examine(evidence: Evidence) -> Sign | None:
    """The newer half of the recent losses against the older one; if flat, the loss now against its beginning.

    One whose loss and gradient are exactly 0 has converged: nothing moves any more.
    A run that has ended with the weights of its best epoch is not learning any more: those weights' loss counts.
    """
    loss = evidence.loss
    if evidence.weights_of < evidence.step:
        if not loss.now < (1.0 - _FALL) * loss.first:
            return None
        epoch = f"{evidence.epoch_at(evidence.weights_of):,}"
        fell = f"the {loss.label} fell from {figure(loss.first)} to {figure(loss.now)} at epoch {epoch}"
        return Sign("good", f"learned: {fell}, whose weights are in place")
    if not loss.long_enough:
        return None
    if all(len(one) and one.values[-1] == 0 for one in (evidence.train_loss, evidence.gradient_norm)):
        what = f"the {loss.label} fell from {figure(loss.first)} to exactly 0"
        return Sign("good", f"converged: {what}, and no gradient moves the weights any more")
    if loss.fall >= _FALL:
        epochs = round(loss.window / evidence.batches)
        over = counted(epochs, "epoch") if loss.per_epoch else counted(loss.window, "step")
        before, now = loss.span
        what = f"mean {loss.label}" if loss.uneven else loss.label
        return Sign("good", f"learning: the {what} fell from {figure(before)} to {figure(now)} over the last {over}")
    if loss.now <= _LEARNED * loss.first:
        return Sign("good", f"learned: the {loss.label} fell from {figure(loss.first)} to {figure(loss.now)}")
    return None


LEARNING = HealthRule("learning", "Learning", examine, trend=True)
