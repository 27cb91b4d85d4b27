"""Which run of a session a branch is, wherever the branch lies now: its number, its name, and what it came from."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Final

_BIRTHS: Final = itertools.count()


@dataclass(slots=True, eq=False)
class RunLabel:
    """Goes with a run from branch to branch: `RunLabel("lr 0.1 from step 40", parent)`.

    Attributes:
        words: what sets it apart from the run that it came from.
        parent: that run; None for the first one of a session.
        name: what the user calls it.
        number: its place in the list of runs, from 1; 0 as long as nobody has listed it.
        born: larger than that of every run that was there before.
    """

    words: str = ""
    parent: RunLabel | None = None
    name: str = ""
    number: int = 0
    born: int = field(default_factory=_BIRTHS.__next__)
