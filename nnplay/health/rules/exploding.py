"""Exploding gradients: the gradient's length is huge, or grows layer by layer on its way back."""

from __future__ import annotations

import math
from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.health.rules.vanishing import LAYERS, TIMES
from nnplay.training.percentiles import percentiles

#: A length that calls for clipping, whatever the loss; and how many times the usual one is a burst.
_LENGTH: Final = 1_000.0
_BURST: Final = 100.0
#: What helps: steps of a rate that was small enough for such gradients are too short once they are clipped.
_CURE: Final = "clip it to norm 1, and raise the rate if steps are then too short"


def examine(evidence: Evidence) -> Sign | None:
    """The length of the last gradients, and the first layer's against the last one's."""
    norms = evidence.gradient_norm.values
    if len(norms) < 5:
        return None
    now, usual = (float(percentiles(some, [50])[0]) for some in (norms[-5:], norms))
    if now > _LENGTH or (now > 1.0 and now > _BURST * usual):
        return Sign("warning", f"exploding gradient: the gradient norm is {now:,.3g}; {_CURE}")
    known = [layer for layer in evidence.weights if math.isfinite(layer.gradient)]
    if len(known) < LAYERS or known[0].gradient <= TIMES * known[-1].gradient or known[0].gradient < 1e-3:
        return None
    times = known[0].gradient / known[-1].gradient if known[-1].gradient else math.inf
    what = f"in layer {known[0].path} it is {times:,.0f} times that of layer {known[-1].path}"
    return Sign("warning", f"exploding gradient: {what}; {_CURE}")


EXPLODING = HealthRule("exploding", "Exploding gradient", examine, "pane-training", "3", trend=True)
