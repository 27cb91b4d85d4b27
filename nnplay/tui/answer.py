"""What the network answers where there is no surface: fitted curve, true against predicted, confusion, images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from nnplay.text import clean
from nnplay.tui import axes, curves
from nnplay.tui.blocks import half_blocks, quantised, resized
from nnplay.tui.cells import PLAIN, Cells, Row, Run, fit, joined
from nnplay.tui.contract import ConfusionView, FitView, Floats, ImagesView, OutputView, ScatterView
from nnplay.tui.heatmap import confusion_rows
from nnplay.tui.look import Look
from nnplay.tui.reduce import Reduced


class Answer(Cells):
    """Draws an `OutputView` of any kind."""

    def __init__(self) -> None:
        super().__init__()
        self._output: OutputView | None = None

    def show(self, output: OutputView | None) -> None:
        """Draw this output."""
        if output is not self._output:
            self._output = output
            self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The form that fits the task."""
        output = self._output
        if output is None:
            text = "press space: the network's answers appear here"[:width]
            return [()] * (height // 2) + [((text.center(width), self.look.ink("dim")),)]
        if output.kind == "fit":
            return _fit(cast(FitView, output), width, height, self.look)
        if output.kind == "scatter":
            return _scatter(cast(ScatterView, output), width, height, self.look)
        if output.kind == "confusion":
            return _confusion(cast(ConfusionView, output), width, height, self.look)
        return _images(cast(ImagesView, output), width, height, self.look)


def _finite(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> Reduced:
    x, y = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    good = np.isfinite(x) & np.isfinite(y)
    order = np.argsort(x[good], kind="stable")
    return Reduced(x[good][order], y[good][order], y[good][order])


def _limits(values: Floats) -> axes.Limits:
    finite = np.asarray(values)[np.isfinite(values)]
    return axes.nice(float(finite.min()), float(finite.max()), 10) if finite.size else axes.Limits(0.0, 1.0)


def _fit(view: FitView, width: int, height: int, look: Look) -> list[Row]:
    points = curves.Line("data", _finite(view.points_x[:400], view.points_y[:400]), dots=True)
    line = curves.Line("network", _finite(view.x, view.y))
    x, y = _limits(view.points_x), _limits(np.concatenate([view.points_y.ravel(), view.y.ravel()]))
    rows, _ = curves.draw(curves.Chart((line, points), x, y), width, height - 1, look)
    return [_legend(("network", "data"), look), *rows]


def _scatter(view: ScatterView, width: int, height: int, look: Look) -> list[Row]:
    limits = _limits(np.concatenate([view.true.ravel(), view.predicted.ravel()]))
    points = curves.Line("examples", _finite(view.true[:600], view.predicted[:600]), dots=True)
    ends = np.array([limits.low, limits.high])
    right = curves.Line("perfect", Reduced(ends, ends, ends))
    rows, _ = curves.draw(curves.Chart((points, right), limits, limits), width, height - 1, look)
    return [_legend(("predicted against true", "perfect"), look), *rows]


def _legend(names: Sequence[str], look: Look) -> Row:
    return joined([(f"{curves.glyph(i, look)} {name}  ", look.series(i)) for i, name in enumerate(names)])


def _confusion(view: ConfusionView, width: int, height: int, look: Look) -> list[Row]:
    labels = [clean(label, 24) for label in view.labels]
    rows = confusion_rows(view.matrix, labels, width, height, look)
    room = height - len(rows) - 2
    if room > 0 and view.worst:
        rows += [(), (("worst mistakes", look.ink("dim")),)]
        rows += [((fit(clean(text), width), look.ink("text")),) for text in view.worst[:room]]
    return rows


def _images(view: ImagesView, width: int, height: int, look: Look) -> list[Row]:
    images = np.asarray(view.images)
    _, tall, broad = images.shape
    cell_rows, cell_columns = (tall + 1) // 2, broad
    across = max(1, (width + 1) // (cell_columns + 1))
    down = max(1, (height + 1) // (cell_rows + 1))
    rows: list[Row] = []
    for line in range(min(down, -(-len(images) // across))):
        chosen = range(line * across, min(len(images), (line + 1) * across))
        rows += _image_line(view, images, list(chosen), cell_rows, cell_columns, look)
    return rows


def _image_line(
    view: ImagesView, images: Floats, chosen: list[int], cell_rows: int, cell_columns: int, look: Look
) -> list[Row]:
    pictures = [_image(images[index], cell_rows, cell_columns, look) for index in chosen]
    rows = [joined([run for picture in pictures for run in (*picture[y], (" ", PLAIN))]) for y in range(cell_rows)]
    captions: list[Run] = []
    for index in chosen:
        right = view.labels[index] == view.predicted[index]
        text = view.predicted[index] if right else f"{view.predicted[index]} not {view.labels[index]}"
        captions.append((fit(clean(text), cell_columns) + " ", look.ink("dim" if right else "below", bold=not right)))
    return [*rows, joined(captions)]


def _image(image: Floats, cell_rows: int, cell_columns: int, look: Look) -> list[Row]:
    low, high = float(image.min()), float(image.max())
    levels = quantised(resized(image, 2 * cell_rows, cell_columns), low, high)
    if look.blocks:
        grey = [_grey(look, level) for level in range(16)]
        return half_blocks(levels, grey, look)
    shades = " .:-=+*#%@"
    means = (levels[0::2] + levels[1::2]) / 30
    return [(("".join(shades[min(9, int(share * 10))] for share in row), look.ink("text")),) for row in means.tolist()]


def _grey(look: Look, level: int) -> str:
    from nnplay.tui.palette import blend

    return blend(look.palette.raised, look.palette.text, level / 15)
