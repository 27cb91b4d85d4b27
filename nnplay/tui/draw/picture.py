"""The decision surface: a signed field, or a map of classes, in half blocks with the examples on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnplay.tui.draw.blocks import Levels, Marks, glyphs, paint, picture, resize
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import Cells, Row
from nnplay.views.plane import Points, Surface

_MOST_POINTS = 400
"""More examples than this hide the surface that they lie on."""


class Picture(Cells):
    """Draws a `Surface`, with training points ● and held-out points ○ where wanted."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._surface: Surface | None = None
        self.training_points = True
        self.held_out_points = False
        self.discrete = False

    def show(self, surface: Surface | None) -> None:
        """Draw this surface."""
        if surface is not self._surface:
            self._surface = surface
            self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The field at two pixels a cell, stretched to the widget."""
        surface = self._surface
        if surface is None:
            return ()
        return draw_surface(
            surface,
            width,
            height,
            self.look,
            self._extra_marks(width, height),
            training=self.training_points,
            held_out=self.held_out_points,
            discrete=self.discrete,
        )

    def _extra_marks(self, width: int, height: int) -> Marks:
        """Marks over those of the examples."""
        return {}


def draw_surface(
    surface: Surface,
    width: int,
    height: int,
    look: Look,
    over: Marks | None = None,
    *,
    training: bool = True,
    held_out: bool = False,
    discrete: bool = False,
) -> list[Row]:
    """A surface in so many cells.

    Args:
        over: marks over those of the examples.
        training, held_out: which examples are drawn.
        discrete: only the decisions, not how sure they are.
    """
    marks = {**_mark_points(surface, width, height, look, training, held_out), **(over or {})}
    if surface.classes > 2:
        return _class_map(surface, width, height, look, marks)
    values = np.sign(surface.values) * surface.high if discrete else surface.values
    return picture(values, height, width, surface.low, surface.high, look, marks)


def _mark_points(surface: Surface, width: int, height: int, look: Look, training: bool, held_out: bool) -> Marks:
    if surface.points is None:
        return {}
    marks: dict[tuple[int, int], tuple[str, str]] = {}
    for x, y, target, is_held_out in _placed(surface.points, surface, width, height):
        if held_out if is_held_out else training:
            marks[y, x] = (_glyph(target, is_held_out, surface, look), _colour(target, surface, look))
    return marks


def _glyph(target: float, held_out: bool, surface: Surface, look: Look) -> str:
    if look.blocks:
        return "○" if held_out else "●"
    if surface.classes > 2:
        return "0123456789"[int(target) % 10]
    return "+" if target > 0 else "o"


def _colour(target: float, surface: Surface, look: Look) -> str:
    palette = look.palette
    if surface.classes > 2:
        return palette.classes[int(target) % len(palette.classes)]
    return palette.above if target > 0 else palette.below


def _placed(points: Points, surface: Surface, width: int, height: int) -> list[tuple[int, int, float, bool]]:
    (x0, x1), (y0, y1) = surface.x_range, surface.y_range
    places = np.asarray(points.places)[:_MOST_POINTS]
    columns = np.clip((places[:, 0] - x0) / (x1 - x0) * width, 0, width - 1).astype(int)
    lines = np.clip((y1 - places[:, 1]) / (y1 - y0) * height, 0, height - 1).astype(int)
    return list(zip(columns.tolist(), lines.tolist(), points.targets.tolist(), points.held_out.tolist(), strict=False))


def _class_map(surface: Surface, width: int, height: int, look: Look, marks: Marks) -> list[Row]:
    levels: Levels = resize(surface.values, look.down * height, look.across * width).astype(np.int64)
    if not look.blocks:
        return glyphs(levels, surface.classes, look, marks)
    palette = look.palette
    colours = [
        blend(palette.background, palette.classes[i % len(palette.classes)], 0.5) for i in range(surface.classes)
    ]
    return paint(levels, colours, look, marks)
