"""The record of one view of a network's answers: when it suits a run, what it shows, and how that is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from nnplay.training.curves.layer_curves import LayerCurves
from nnplay.training.state.checkpoint import Checkpoint
from nnplay.training.trainer import Trainer
from nnplay.views.table import Table


class Output:
    """What a view shows: the base of each view's own frozen class, for which the screen has a drawing.

    Attributes:
        unfinished: more is on its way, and a run that waits is looked at again.
    """

    __slots__ = ()
    unfinished: bool = False


Group = Literal["answers", "scores", "inside", "gradients", "why"]
"""What views are about: what the network answers, how good that is, what happens inside, how it learns, and why."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Another step of the run, or the end of another branch, that the present step can be compared with.

    Attributes:
        name: "step 200", "lr 0.1 from step 40".
        step: where it is.
        trainer: has the network and the data of then.
        read: gives its checkpoint, which may lie in a file.
    """

    name: str
    step: int
    trainer: Trainer
    read: Callable[[], Checkpoint]


@dataclass(frozen=True, slots=True)
class Way:
    """The steps that a branch of the run has been at, as far as their checkpoints are kept.

    Attributes:
        name: "this run", "lr 0.1".
        moments: in order.
        curves: what was recorded of every layer on the way; of few weights these themselves, under "path".
    """

    name: str
    moments: tuple[Moment, ...]
    curves: LayerCurves = field(default_factory=LayerCurves)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a view is wanted.

    Attributes:
        item: number of the example, target, image or training row.
        place: number of one of the view's places, such as a layer.
        size: columns and rows of characters that there is room for.
        held_out: the test rows are to be scored, if there are any, and not those of the validation part.
        before: what the same view showed last, so that its picture can stay where it was.
        moments: what the present step can be compared with.
        ways: gives the way of this run, then those of its other branches.
        typed: a place that is none of the view's list, as somebody has written it.
    """

    item: int = 0
    place: int = 0
    size: tuple[int, int] = (60, 20)
    held_out: bool = False
    before: Output | None = None
    moments: tuple[Moment, ...] = ()
    ways: Callable[[], tuple[Way, ...]] = tuple
    typed: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a run.

    Attributes:
        name: shown where views are chosen; no two that suit the same run have the same.
        shows: the class of what it shows.
        suits: whether a run can be shown like this; views know nothing of each other.
        make: what is shown of what is asked for; None for the map alone, whose size in pixels the screen says. It is
            called by the training thread, and should take no more than 100 ms.
        about: what it shows and what for, in one line, where views are chosen.
        group: what it is about.
        places: names of what else can be chosen in it, such as the layers of the network.
        place: what those are: "layer", "unit", "column".
        typed: what else can be written in place of one of its places, with an example; empty where nothing can.
        compares: its places are the present step alone, at 0, and the moments to compare it with.
        item: what the numbers count: "example", "target" for the columns of a regression, "image" for a grid that
            begins at one, "training row" for rows that others were drawn from, "cell" of a matrix; empty where there
            is one thing to show.
        count: how many items there are at a place, where they are something else than those, such as channels.
        start: the item that is shown first.
        find_worst: finds the example that is missed most.
        opens_layers: its places are layers, each shown by itself: the network pane opens it for the layer under the
            cursor, found by its path, with which the place's name begins.
        table: the numbers of what it shows, for other programs; None where they are no table.
        order: small for the most telling view, large for summaries.
    """

    name: str
    shows: type[Output]
    suits: Callable[[Trainer], bool]
    make: Callable[[Trainer, Asked], Output] | None
    about: str = ""
    group: Group = "answers"
    item: str = ""
    places: Callable[[Trainer], tuple[str, ...]] | None = None
    place: str = ""
    count: Callable[[Trainer, int], int] | None = None
    start: int = 0
    typed: str = ""
    compares: bool = False
    find_worst: Callable[[Trainer], int] | None = None
    opens_layers: bool = False
    table: Callable[[Any], Table] | None = None
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
        place, places: which of what else can be chosen, and the names of all of these.
        place_noun: what they are.
        part: whose rows are scored, "validation", "test" or "training", where test rows can be scored instead.
    """

    view: str = ""
    views: tuple[str, ...] = ()
    item: int = 0
    items: int = 1
    noun: str = "example"
    name: str = ""
    place: int = 0
    places: tuple[str, ...] = ()
    place_noun: str = ""
    part: str = ""


def path_in(shown: Shown) -> str:
    """The path of the layer that is chosen in a view whose places are layers: its name begins with it."""
    return shown.places[shown.place].partition(" ")[0] if shown.places else ""
