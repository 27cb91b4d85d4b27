"""Class imbalance: one class has most of the rows; an accuracy of just that share means that nothing was learned."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import percent

#: A class with this share, and this many times its fair share, is in the way.
_SHARE: Final = 0.5
_TIMES: Final = 1.5
_SAME: Final = 0.01


def examine(evidence: Evidence) -> Sign | None:
    """The share of the largest class, and whether accuracy equals it."""
    data = evidence.data
    if len(data.class_rows) < 2:
        return None
    share = float(data.class_rows.max() / data.class_rows.sum())
    if share < max(_SHARE, _TIMES / len(data.class_rows)):
        return None
    name = data.class_names[int(data.class_rows.argmax())]
    what = f"class imbalance: '{name}' has {percent(share)} of the training rows"
    accuracy = evidence.accuracy.tail(1).values
    if len(accuracy) and abs(float(accuracy[0]) - data.held_share) <= _SAME:
        always = f"always predicting '{name}' would score the same accuracy, {percent(float(accuracy[0]))}"
        return Sign("warning", f"{what}; {always}")
    return Sign("hint", f"{what}: look at the confusion matrix, not the accuracy")


IMBALANCE = HealthRule("imbalance", "Class imbalance", examine, "pane-output", "4", data=True)
