"""A leak: the data's notes say that rows are trained on and tested on alike, or that a column gives the target away."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def examine(evidence: Evidence) -> Sign | None:
    """The first note that speaks of a leak."""
    notes = [note for note in evidence.data.notes if "(leak)" in note]
    if not notes:
        return None
    given_away = next((note for note in notes if "gives the target" in note), None)
    if given_away is not None:
        return Sign("warning", given_away)
    return Sign("hint", f"{notes[0]}: the score will look better than it is")


LEAK = HealthRule("leak", "Leak", examine, "pane-data", "1")
