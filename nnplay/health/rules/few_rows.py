"""Too little data: a class or a part with fewer than ten rows, whose numbers are chance."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import counted, percent

_FEWEST: Final = 10


def examine(evidence: Evidence) -> Sign | None:
    """The smallest part, then the smallest class."""
    data = evidence.data
    part = min(data.rows, key=lambda name: data.rows[name])
    if data.rows[part] < _FEWEST:
        rows = counted(data.rows[part], "row")
        step = f": a single row changes its score by {percent(1 / data.rows[part])}" if part != "training" else ""
        return Sign(
            "warning", f"too little data: the {part} part has only {rows}{step}; get more data, or change the split"
        )
    if not len(data.class_rows) or data.class_rows.min() >= _FEWEST:
        return None
    name, count = data.class_names[int(data.class_rows.argmin())], int(data.class_rows.min())
    return Sign("hint", f"too little data: class '{name}' has only {counted(count, 'training row')}")


FEW_ROWS = HealthRule("few_rows", "Too little data", examine, "data", "b", data=True)
