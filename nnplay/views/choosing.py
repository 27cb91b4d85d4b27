"""Which views suit a run, and the one that is asked for."""

from __future__ import annotations

import functools
from typing import Final

from nnplay.records.registry import find_records
from nnplay.training.trainer import Trainer
from nnplay.views.plane import Surface, make_surface
from nnplay.views.rows import count_drawn, count_rows, shown_part
from nnplay.views.view import Output, Shown, View

#: Instead of the number of an example: the one that is missed most.
WORST: Final = -1


@functools.cache
def view_records() -> tuple[View, ...]:
    """Every view, the most telling first: each module of `nnplay.views.kinds` that defines one is found."""
    return tuple(sorted(find_records("nnplay.views.kinds", View), key=lambda view: view.order))


def views_of(trainer: Trainer) -> tuple[View, ...]:
    """The views that suit a run, the most telling first."""
    return tuple(view for view in view_records() if view.suits(trainer))


def make_view(
    trainer: Trainer,
    view: int = 0,
    item: int = 0,
    *,
    size: tuple[int, int] | None = None,
    held_out: bool = False,
) -> tuple[Surface | None, Output | None, Shown]:
    """The view with a number (counted round), of one item.

    Args:
        item: example, target or first picture, counted round; `WORST` for the example that is missed most.
        size: rows and columns of a surface; without it none is made.
    """
    known = views_of(trainer)
    chosen = known[view % len(known)]
    items = _count_items(trainer, chosen)
    number = chosen.find_worst(trainer) if item == WORST and chosen.find_worst is not None else item % items
    targets = trainer.split.train.target_names
    name = targets[number] if chosen.item == "target" and items > 1 else ""
    shown = Shown(chosen.name, tuple(each.name for each in known), number, items, chosen.item, name)
    if chosen.make is None:
        surface = make_surface(trainer, *size, held_out=held_out, target=number) if size else None
        return surface, None, shown
    return None, chosen.make(trainer, number), shown


def _count_items(trainer: Trainer, view: View) -> int:
    if view.item == "target":
        return max(1, len(trainer.split.train.target_names))
    if view.item == "image":
        return count_rows(trainer)
    if view.item == "training row":
        return count_drawn(trainer.split)
    return len(shown_part(trainer)) if view.item else 1
