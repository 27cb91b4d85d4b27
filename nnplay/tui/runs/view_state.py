"""How the list of runs was left: which runs are laid over each other, and what is compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from nnplay.run.runs.listed_run import AXES

VIEWS: Final = ("curves", "settings", "difference", "output")


@dataclass(slots=True)
class RunsViewState:
    """What the screen shows, which stays when it is left.

    Attributes:
        marked: numbers of the runs that are laid over each other.
        view, curve, axis: which view, which curve, and against what.
        output: the view of the output; the first that suits where it is empty.
    """

    marked: list[int] = field(default_factory=list)
    view: str = VIEWS[0]
    curve: str = ""
    axis: str = AXES[0]
    output: str = ""
