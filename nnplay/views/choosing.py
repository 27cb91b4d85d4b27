"""Which views suit a run, and the one that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nnplay.training.trainer import Trainer
from nnplay.views.answers import Output, Shown
from nnplay.views.classes import confusion, images
from nnplay.views.pixels import gives_pictures, image_shape, masks, pair, worst_mask, worst_pair
from nnplay.views.plane import plane_inputs, surface
from nnplay.views.quantities import fit, scatter
from nnplay.views.rows import part_of, row_count
from nnplay.views.sequences import has_symbols, is_sequence, series, tokens, worst_example
from nnplay.views.snapshot import Surface
from nnplay.views.writing import writes, writing

#: Instead of the number of an example: the one that is missed most.
WORST: Final = -1


@dataclass(frozen=True, slots=True)
class View:
    """One way to show a run's answers.

    Attributes:
        name: shown where views are chosen.
        make: the picture of an item; None for the surface, which is made to measure.
        noun: what an item is; "target" for the columns of a regression, "picture" for a grid that begins at one.
        worst: finds the example that is missed most.
    """

    name: str
    make: Callable[[Trainer, int], Output] | None
    noun: str = ""
    worst: Callable[[Trainer], int] | None = None


_MAP: Final = View("map", None, "target")
_CURVE: Final = View("curve", fit, "target")
_SCATTER: Final = View("predicted and true", scatter, "target")
_CONFUSION: Final = View("confusion matrix", lambda trainer, item: confusion(trainer))
_IMAGES: Final = View("pictures", images, "picture")
_MASKS: Final = View("masks", masks, "example", worst_mask)
_PAIR: Final = View("pictures", pair, "example", worst_pair)
_SERIES: Final = View("over time", series, "example", worst_example)
_TOKENS: Final = View("symbols", tokens, "example", worst_example)
_WRITING: Final = View("writing", writing, "example")


def views_of(trainer: Trainer) -> tuple[View, ...]:
    """The views that suit a run, the most telling first."""
    if trainer.form.decide is None:
        return (*_of_quantities(trainer), _SCATTER)
    return (*_of_classes(trainer), _CONFUSION)


def _of_quantities(trainer: Trainer) -> tuple[View, ...]:
    inputs = plane_inputs(trainer)
    if inputs:
        return (_MAP,) if inputs == 2 else (_CURVE,)
    if gives_pictures(trainer):
        return (_PAIR,)
    return (_SERIES,) if is_sequence(trainer) else ()


def _of_classes(trainer: Trainer) -> tuple[View, ...]:
    places = trainer.split.train.y.ndim
    if places == 3:
        return (_MASKS,)
    written = (_WRITING,) if writes(trainer) else ()
    if has_symbols(trainer):
        return (_TOKENS, *written)
    if places == 1 and plane_inputs(trainer) == 2:
        return (_MAP,)
    if places == 1 and image_shape(trainer)[0]:
        return (_IMAGES,)
    return ((_SERIES,) if places == 1 and is_sequence(trainer) else ()) + written


def answers(
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
    items = _items(trainer, chosen)
    number = chosen.worst(trainer) if item == WORST and chosen.worst is not None else item % items
    targets = trainer.split.train.target_names
    name = targets[number] if chosen.noun == "target" and items > 1 else ""
    shown = Shown(chosen.name, tuple(each.name for each in known), number, items, chosen.noun, name)
    if chosen.make is None:
        found = surface(trainer, *size, held_out=held_out, target=number) if size else None
        return found, None, shown
    return None, chosen.make(trainer, number), shown


def _items(trainer: Trainer, view: View) -> int:
    if view.noun == "target":
        return max(1, len(trainer.split.train.target_names))
    if view.noun == "picture":
        return row_count(trainer)
    return len(part_of(trainer)) if view.noun else 1
