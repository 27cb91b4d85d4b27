"""The decision surface: a signed field, or a map of classes, in half blocks with the examples on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnplay.tui.draw.blocks import Levels, Marks, glyphs, half_blocks, picture, resize
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
        marks = self._marks(surface, width, height)
        if surface.classes > 2:
            return _class_map(surface, width, height, self.look, marks)
        values = np.sign(surface.values) * surface.high if self.discrete else surface.values
        return picture(values, height, width, surface.low, surface.high, self.look, marks)

    def _marks(self, surface: Surface, width: int, height: int) -> Marks:
        points = surface.points
        if points is None:
            return {}
        marks: dict[tuple[int, int], tuple[str, str]] = {}
        for x, y, target, held_out in _placed(points, surface, width, height):
            if not (self.held_out_points if held_out else self.training_points):
                continue
            marks[y, x] = (self._glyph(target, held_out, surface), self._colour(target, surface))
        return marks

    def _glyph(self, target: float, held_out: bool, surface: Surface) -> str:
        if self.look.blocks:
            return "○" if held_out else "●"
        if surface.classes > 2:
            return "0123456789"[int(target) % 10]
        return "+" if target > 0 else "o"

    def _colour(self, target: float, surface: Surface) -> str:
        palette = self.look.palette
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
    levels: Levels = resize(surface.values, 2 * height, width).astype(np.int64)
    if not look.blocks:
        return glyphs(levels, surface.classes, look, marks)
    palette = look.palette
    colours = [
        blend(palette.background, palette.classes[i % len(palette.classes)], 0.5) for i in range(surface.classes)
    ]
    return half_blocks(levels, colours, look, marks)
