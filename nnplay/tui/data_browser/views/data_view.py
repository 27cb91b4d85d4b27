"""The record of one way to show a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnplay.data.profile.profile import Profile
from nnplay.tui.data_browser.place import Axis, Place
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row

Draw = Callable[[Place, int, int, Look], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class DataView:
    """One way to show a data set.

    Attributes:
        name: in the tabs.
        suits: whether a set can be shown like this.
        draw: `(place, width, height, look)` gives the rows; it says in the place what stands where.
        down, across: what the arrows move along.
    """

    name: str
    suits: Callable[[Profile], bool]
    draw: Draw
    down: Axis
    across: Axis
