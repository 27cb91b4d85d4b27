"""The record of one drawing: how the screen shows what a view of answers has made, and what can be chosen in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nnplay.explain.explanation import Subject
from nnplay.tui.outputs.field import Element, Field
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.view import Output, Shown


@dataclass(frozen=True, slots=True)
class Drawing:
    """How one class of output is drawn.

    Attributes:
        draws: the class, made by a view of `nnplay.views.kinds`.
        draw: `(output, width, height, look) -> rows` of cells; at most as wide and as many as there is room for.
        count_shown: `(output, width, height) -> items` that are on the screen at once; None for one.
        subject: `(output, element, shown) -> subject`: what can be explained; the element is None while the view has no
            cursor. None where nothing ever can be.
        fields: `(output, width, height, look) -> fields`: where `draw` puts the elements that can be chosen.
        start: `(output) -> element` that the cursor begins at; the first one that is drawn without it.
        tell: `(output, element) -> text`: the element under the cursor in a few words.
        opens: `(output, element, shown) -> (view, place, item)`: what shows more of an element.
    """

    draws: type[Output]
    draw: Callable[[Any, int, int, Look], list[Row]]
    count_shown: Callable[[Any, int, int], int] | None = None
    subject: Callable[[Any, Element | None, Shown], Subject | None] | None = None
    fields: Callable[[Any, int, int, Look], Sequence[Field]] | None = None
    start: Callable[[Any], Element] | None = None
    tell: Callable[[Any, Element], str] | None = None
    opens: Callable[[Any, Element, Shown], tuple[str, str, int] | None] | None = None
