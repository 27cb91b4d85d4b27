"""Which views suit a run, and the one that is asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Final, get_args

from nnplay.records.registry import find_records
from nnplay.training.trainer import Trainer
from nnplay.views.plane import Surface, make_surface
from nnplay.views.rows import count_drawn, count_rows, name_part, shown_part
from nnplay.views.view import Asked, Group, Moment, Output, Shown, View, Way

#: The groups of views in the order in which they are shown.
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
#: Instead of the number of an example: the one that is missed most.
WORST: Final = -1
#: The place of a view that compares where nothing is compared with the present step.
ALONE: Final = "this step"


@functools.cache
def view_records() -> tuple[View, ...]:
    """Every view, group by group, the most telling first; each module of `nnplay.views.kinds` has one."""
    return tuple(
        sorted(find_records("nnplay.views.kinds", View), key=lambda view: (GROUPS.index(view.group), view.order))
    )


def views_of(trainer: Trainer) -> tuple[View, ...]:
    """The views that suit a run, the most telling first."""
    return tuple(view for view in view_records() if view.suits(trainer))


def make_view(
    trainer: Trainer,
    view: int | str = 0,
    item: int = 0,
    *,
    place: int | str = 0,
    size: tuple[int, int] | None = None,
    room: tuple[int, int] = Asked().size,
    held_out: bool = False,
    before: Output | None = None,
    moments: Sequence[Moment] = (),
    ways: Callable[[], tuple[Way, ...]] = tuple,
) -> tuple[Surface | None, Output | None, Shown]:
    """A view, of one item.

    Args:
        view: its name, or its number among those that suit the run, counted round; the first for any other name.
        item: example, target or first picture, counted round; `WORST` for the example that is missed most.
        place: which of the view's places, counted round, or its name; the first for a name that it does not have.
        size: rows and columns of a surface; without it none is made.
        room: columns and rows of characters that there is room for.
        held_out: the surface has points of validation and test too; scores are those of the test rows.
        before: what was shown last, by this view or another one.
        moments: what views that compare can compare with.
        ways: gives the ways of the run and its branches.
    """
    known = views_of(trainer)
    chosen = _choose(known, view)
    places = _name_places(trainer, chosen, moments)
    typed = place if chosen.typed and isinstance(place, str) and place and place not in places else ""
    places = (*places, typed) if typed else places
    at = _find_place(places, place)
    items = _count_items(trainer, chosen, at)
    find_worst = chosen.find_worst if item == WORST else None
    number = find_worst(trainer) if find_worst is not None else (item + chosen.start) % items
    targets = trainer.split.train.target_names
    name = targets[number] if chosen.item == "target" and items > 1 else ""
    names = tuple(each.name for each in known)
    scores = chosen.group == "scores" and trainer.split.test is not None
    part = name_part(trainer, held_out) if scores else ""
    shown = Shown(chosen.name, names, number, items, chosen.item, name, at, places, chosen.place, part)
    if chosen.make is None:
        surface = make_surface(trainer, *size, held_out=held_out, target=number) if size else None
        return surface, None, shown
    own = before if isinstance(before, chosen.shows) else None
    return None, chosen.make(trainer, Asked(number, at, room, held_out, own, tuple(moments), ways, typed)), shown


def _name_places(trainer: Trainer, view: View, moments: Sequence[Moment]) -> tuple[str, ...]:
    if view.compares:
        return (ALONE, *(moment.name for moment in moments))
    return view.places(trainer) if view.places is not None else ()


def _choose(known: tuple[View, ...], wanted: int | str) -> View:
    if isinstance(wanted, int):
        return known[wanted % len(known)]
    return next((view for view in known if view.name == wanted), known[0])


def _find_place(places: tuple[str, ...], wanted: int | str) -> int:
    if isinstance(wanted, str):
        return places.index(wanted) if wanted in places else 0
    return wanted % len(places) if places else 0


def _count_items(trainer: Trainer, view: View, place: int) -> int:
    if view.count is not None:
        return max(1, view.count(trainer, place))
    if view.item == "target":
        return max(1, len(trainer.split.train.target_names))
    if view.item == "image":
        return count_rows(trainer)
    if view.item == "training row":
        return count_drawn(trainer.split)
    return len(shown_part(trainer)) if view.item else 1
