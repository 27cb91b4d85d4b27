"""A view of a run as the output pane would draw it, without a screen."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay import views
from nnplay.errors import InputError, unknown
from nnplay.text import plural
from nnplay.training.trainer import Trainer
from nnplay.tui.draw.picture import draw_surface
from nnplay.tui.outputs.widget import drawing_records
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.choosing import view_records, views_of
from nnplay.views.kinds.landscape import Landscape
from nnplay.views.plane import Surface
from nnplay.views.table import Table
from nnplay.views.view import Output, View


def find_view(trainer: Trainer, name: str) -> View:
    """The view of that name.

    Raises:
        InputError: no view of this run is called so.
    """
    known = {view.name: view for view in views_of(trainer)}
    if name not in known:
        raise unknown("view", name, known, where="--view")
    return known[name]


def make_output(trainer: Trainer, view: View, size: tuple[int, int], item: int = 0, place: str = "") -> Output:
    """What a view shows of a run in so many columns and rows.

    Args:
        item: number of the example or the like.
        place: name of a layer or the like; empty for the first one.

    Raises:
        InputError: no place of the view is called so, or it has no such item.
    """
    columns, rows = size
    pixels = (2 * rows, 2 * columns)
    surface, output, shown = views.make_view(trainer, view.name, item, place=place, size=pixels, room=size)
    if place and not shown.places:
        raise InputError(f"the view {view.name} has nothing to choose", where="--place", hint="leave it out")
    if place and place not in shown.places:
        raise unknown(view.place, place, shown.places, where="--place")
    if item >= shown.items:
        if shown.items == 1:
            raise InputError(f"the view {view.name} shows one thing here", where="--item", hint="leave it out")
        numbers = f"{plural(2, view.item or 'thing')} have numbers from 0 to {shown.items - 1:,}"
        raise InputError(f"there is no {view.item or 'thing'} {item:,}", where="--item", hint=numbers)
    if place and isinstance(output, Landscape) and output.problem:
        raise InputError(output.problem)
    made = surface if output is None else output
    assert made is not None  # a size was given
    return made


def draw_output(output: Output, size: tuple[int, int], look: Look) -> Sequence[Row]:
    """At most so many columns and rows of cells."""
    columns, rows = size
    if isinstance(output, Surface):
        return draw_surface(output, columns, rows, look)
    return drawing_records()[type(output)].draw(output, columns, rows, look)[:rows]


def read_table(output: Output, view: View) -> Table:
    """The numbers of what a view shows.

    Raises:
        InputError: they are no table.
    """
    refuse_no_table(view)
    assert view.table is not None
    return view.table(output)


def refuse_no_table(view: View) -> None:
    """Refuses a view whose numbers are no table."""
    if view.table is None:
        known = ", ".join(each.name for each in view_records() if each.table is not None)
        raise InputError(f"the view {view.name} is not a table", where="csv", hint=f"views with tables: {known}")
