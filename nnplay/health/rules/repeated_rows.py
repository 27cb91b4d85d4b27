"""Repeated rows: the data's notes say that rows are trained on and tested on alike."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def examine(evidence: Evidence) -> Sign | None:
    """The first note that says so."""
    notes = [note for note in evidence.data.notes if "the inputs of a training row (leak)" in note]
    return Sign("hint", f"{notes[0]}: the score will look better than it is") if notes else None


REPEATED_ROWS = HealthRule("repeated_rows", "Repeated rows", examine, "data", "b", data=True)
