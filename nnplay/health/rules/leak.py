"""A leak: the data's notes say that a column gives the target away."""

from __future__ import annotations

import re
from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign

_COLUMN: Final = re.compile(r"column '(?P<name>.*)' gives the target '")


def examine(evidence: Evidence) -> Sign | None:
    """The first column that does, and how many more do."""
    notes = [note for note in evidence.data.notes if "gives the target" in note]
    if not notes:
        return None
    more = len(notes) - 1
    others = f" ({more} more column{'s do' if more > 1 else ' does'} too)" if more else ""
    found = _COLUMN.match(notes[0])
    return Sign("warning", f"{notes[0]}{others}", column=found["name"] if found else "")


LEAK = HealthRule("leak", "Leak", examine, "data", "b", data=True)
