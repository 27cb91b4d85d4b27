"""The record of one view of a network's answers: when it suits a run, what it shows, and how that is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nnplay.training.trainer import Trainer


class Output:
    """What a view shows: the base of each view's own frozen class, for which the screen has a drawing."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class View:
    """One way to show a run's answers.

    Attributes:
        name: shown where views are chosen.
        shows: the class of what it shows.
        suits: whether a run can be shown like this; views know nothing of each other.
        make: what is shown of the item with a number; None for the map alone, whose size in pixels the screen says.
        item: what the numbers count: "example", "target" for the columns of a regression, "image" for a grid that
            begins at one, "training row" for rows that others were drawn from; empty where there is one thing to show.
        find_worst: finds the example that is missed most.
        order: small for the most telling view, large for summaries.
    """

    name: str
    shows: type[Output]
    suits: Callable[[Trainer], bool]
    make: Callable[[Trainer, int], Output] | None
    item: str = ""
    find_worst: Callable[[Trainer], int] | None = None
    order: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """Which view is shown, and what in it.

    Attributes:
        view: its name.
        views: names of all views that suit the task.
        item, items: which of how many examples, targets or pictures; (0, 1) where there is nothing to choose.
        noun: what is counted.
        name: of the target that is shown; empty where there is one only.
    """

    view: str = ""
    views: tuple[str, ...] = ()
    item: int = 0
    items: int = 1
    noun: str = "example"
    name: str = ""
