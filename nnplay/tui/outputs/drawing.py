"""The record of one drawing: how the screen shows what a view of answers has made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nnplay.explain.explanation import Subject
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.view import Output


@dataclass(frozen=True, slots=True)
class Drawing:
    """How one class of output is drawn.

    Attributes:
        draws: the class, made by a view of `nnplay.views.kinds`.
        draw: `(output, width, height, look) -> rows` of cells; at most as wide and as many as there is room for.
        count_shown: `(output, width, height) -> items` that are on the screen at once; None for one.
        subject: what of an output is selected, and can be explained; None where nothing ever is.
    """

    draws: type[Output]
    draw: Callable[[Any, int, int, Look], list[Row]]
    count_shown: Callable[[Any, int, int], int] | None = None
    subject: Callable[[Any], Subject] | None = None
