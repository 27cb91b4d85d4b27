"""Dead ReLUs: units that are 0 for all rows, and so learn nothing any more."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import counted, percent

#: Share of a layer's units from which on it is said, and is a warning: a few dead units of many do no harm. Few rows
#: leave many a living unit silent, so that more of them must be.
_HINT: Final = 0.25
_WARNING: Final = 0.5
_LEARNED: Final = 0.1
_FEW_ROWS: Final = 100
_OF_FEW_ROWS: Final = 0.75


def examine(evidence: Evidence) -> Sign | None:
    """The layer with the most units that are 0 for every row."""
    worst = max(evidence.activations, key=lambda layer: layer.silent, default=None)
    if worst is None or worst.silent < (_HINT if worst.rows >= _FEW_ROWS else _OF_FEW_ROWS):
        return None
    units, rows = f"{percent(worst.silent)} of layer {worst.path} ({worst.kind})", counted(worst.rows, "row")
    what = f"dead units: {units} output 0 for all {rows}"
    cure = "re-initialise the weights and lower the learning rate"
    learned = evidence.loss.now < _LEARNED * evidence.loss.first
    return Sign("warning" if worst.silent >= _WARNING and not learned else "hint", f"{what} checked; {cure}")


DEAD_RELU = HealthRule("dead_relu", "Dead ReLUs", examine, "new-weights", "R")
