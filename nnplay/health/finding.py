"""What the health line says of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the run, and the key and action that apply its cure, if there is one."""

    level: Literal["good", "hint", "warning", "error"]
    sentence: str
    key: str = ""
    action: str = ""
