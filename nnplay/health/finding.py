"""What the health line says of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the run, and the key and action that apply its cure, if there is one.

    Attributes:
        mend: entries of the run's table that mend it at once, in place of an action.
        rule: name of the rule that found it.
        column: the column of the data that it is about, to which the data browser goes; or empty.
    """

    level: Literal["good", "hint", "warning", "error"]
    sentence: str
    key: str = ""
    action: str = ""
    mend: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    column: str = ""
