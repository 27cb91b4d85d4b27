"""The loss as a map or a curve: the run's way is a line of dots, those of forks are letters."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean, figure
from nnplay.tui.draw.blocks import Marks, paint, quantise, resample
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.draw.two_colours import Mark
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.shares import draw_sentence
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import LEVELS
from nnplay.tui.widgets.cells import Row, fit, wrap
from nnplay.views.kinds.landscape import Landscape

_LEAST: Final = 1e-12
_LETTERS: Final = "abcdefgh"


def draw(view: Landscape, width: int, height: int, look: Look) -> list[Row]:
    """The map or the curve, and below it what its ends and its marks are."""
    head = draw_sentence(view.words, width, look)
    if view.problem:
        return [*head, ((fit(clean(view.problem), width), look.ink("text")),)][:height]
    finite = view.losses[np.isfinite(view.losses)]
    if not finite.size:
        return [*head, ((fit("the loss is infinite everywhere here", width), look.ink("warning")),)][:height]
    low, high = float(finite.min()), float(finite.max())
    if view.is_line:
        return _curve(view, head, (low, high), width, height, look)
    legend = _legend(view, low, high, width, look)
    room = max(1, height - len(head) - len(legend))
    shown = np.log10(np.maximum(np.where(np.isfinite(view.losses), view.losses, high), max(low, _LEAST)))
    pixels = resample(shown[::-1], room * look.down, width * look.across)
    levels = quantise(pixels, float(shown.min()), float(shown.max()))[:, :]
    rows = paint(LEVELS - 1 - levels, look.scale(), look, _marks(view, width, room, look))
    return [*head, *rows, *legend][:height]


def _curve(
    view: Landscape, head: list[Row], ends: tuple[float, float], width: int, height: int, look: Look
) -> list[Row]:
    """The loss along one direction; each way has its marks on the curve, where it is in that direction."""
    legend = _legend(view, *ends, width, look)
    values = view.losses[0]
    limits = float(view.across[0]), float(view.across[-1])
    sketch = Sketch(width, max(1, height - len(head) - len(legend)), limits, ends, look)
    sketch.line(view.across.tolist(), values.tolist(), look.series(0))
    for number, (_, places) in reversed(list(enumerate(view.ways))):
        for at in places[:, 0]:
            if limits[0] <= at <= limits[1]:
                sketch.point(
                    float(at), float(np.interp(at, view.across, values)), look.ink("text"), _sign(view, number, look)
                )
    sketch.point(0.0, float(np.interp(0.0, view.across, values)), look.ink("accent", bold=True), look.pick("◉", "@"))
    return [*head, *sketch.rows(), *legend][:height]


def _end(view: Landscape, number: int) -> str:
    """The loss where a runner has come to."""
    return f" {figure(view.ends[number])}" if number < len(view.ends) else ""


def _marks(view: Landscape, width: int, room: int, look: Look) -> Marks:
    """Glyphs on the way of each branch; the present place on top."""
    found: dict[tuple[int, int], Mark] = {}
    text = look.palette.text
    for number, (_, places) in reversed(list(enumerate(view.ways))):
        sign = _sign(view, number, look)
        last = view.at if number == 0 and not view.races else places[-1]
        for one, other in zip(places, [*places[1:], last], strict=True):
            for share in np.linspace(0.0, 1.0, 12):
                cell = _cell(view, one + share * (other - one), width, room)
                if cell is not None:
                    found[cell] = (sign, text)
    here = _cell(view, view.at, width, room)
    if here is not None:
        found[here] = (look.pick("◉", "@"), look.palette.accent)
    return found


def _sign(view: Landscape, number: int, look: Look) -> str:
    """The mark of a way: a dot for this run, letters for all others."""
    if number == 0 and not view.races:
        return look.pick("•", "*")
    return _LETTERS[(number - (not view.races)) % len(_LETTERS)]


def _cell(view: Landscape, place: NDArray[np.float64], width: int, room: int) -> tuple[int, int] | None:
    """The cell (line, column) of a place, if it is on the map."""
    shares = [
        (float(at) - axis[0]) / max(axis[-1] - axis[0], 1e-300)
        for at, axis in zip(place, (view.across, view.upright), strict=True)
    ]
    if not all(0 <= share <= 1 for share in shares):
        return None
    return min(room - 1, int((1 - shares[1]) * room)), min(width - 1, int(shares[0] * width))


def _legend(view: Landscape, low: float, high: float, width: int, look: Look) -> list[Row]:
    words = f"loss {figure(low)} (blue) to {figure(high)}, logarithmic"
    if view.is_line:
        ends = f"{figure(float(view.across[0]))} to {figure(float(view.across[-1]))} along it"
        words = f"loss {figure(low)} to {figure(high)}, {ends}; marks lie on the curve, wherever the run was beside it"
    names = [f"{_sign(view, k, look)} {clean(name, 24)}{_end(view, k)}" for k, (name, _) in enumerate(view.ways)]
    marks = " · ".join(names if view.races else [f"{look.pick('◉', '@')} now", *names])
    return [((line, look.ink("dim")),) for text in (words, marks) for line in wrap(text, width)]


LANDSCAPE = Drawing(Landscape, draw)
