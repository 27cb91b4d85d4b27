"""A leak: the data's notes say that a column gives the target away."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign


def examine(evidence: Evidence) -> Sign | None:
    """The first column that does, and how many more do."""
    notes = [note for note in evidence.data.notes if "gives the target" in note]
    if not notes:
        return None
    more = len(notes) - 1
    others = f" ({more} more column{'s do' if more > 1 else ' does'} too)" if more else ""
    return Sign("warning", f"{notes[0]}{others}")


LEAK = HealthRule("leak", "Leak", examine, "data", "b", data=True)
