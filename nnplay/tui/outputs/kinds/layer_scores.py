"""A table of bars: what each layer shows of the target."""

from __future__ import annotations

import math

from nnplay.text import clean, percent
from nnplay.tui.draw.bars import bar
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, wrap
from nnplay.views.kinds.layer_scores import LayerScore, LayerScores

_NUMBER = 6
_NAME = 20
_LEAST_BAR = 3
_WIDE, _NARROW_LAST, _WIDE_LAST = 60, 6, 16
"""From which width on the last column says of how many dimensions, and the column's widths."""


def draw(view: LayerScores, width: int, height: int, look: Look) -> list[Row]:
    """A row for each layer, below what the columns mean; without the bars where there is no room for them."""
    name = max(4, min(_NAME, width // 4, max(len(layer.name) for layer in view.layers)))
    last = _WIDE_LAST if width >= _WIDE else _NARROW_LAST
    room = max(1, (width - name - 1 - last) // 2)
    rooms = (room, room, last)
    heads = "".join(
        fit(next(head for head in forms if len(head) < room or head == forms[-1]), room)
        for forms, room in zip(_heads(view), rooms, strict=True)
    )
    rows: list[Row] = [
        *(((fit(line, width), look.ink("dim")),) for line in _describe(view, width)),
        ((fit("layer", name) + " " + heads, look.ink("dim")),),
    ]
    rows += [_draw_layer(layer, view, name, rooms, look) for layer in view.layers]
    rows += [(), *(((line, look.ink("dim")),) for text in _explain(view) for line in wrap(text, width))]
    return rows[:height]


def _heads(view: LayerScores) -> tuple[tuple[str, ...], ...]:
    """What stands above each column, the longest form first."""
    return (f"probe {view.measure}", "probe"), ("separation", "separate", "sep."), ("dimensions", "dims")


def _describe(view: LayerScores, width: int) -> tuple[str, ...]:
    """Which rows, and what a probe must beat, in one line or two."""
    if not math.isfinite(view.guess):
        return (view.words,)
    baseline = f"baseline {percent(view.guess)}"
    together = f"{view.words} · {baseline}"
    return (together,) if len(together) <= width else (view.words, baseline)


def _draw_layer(layer: LayerScore, view: LayerScores, name: int, rooms: tuple[int, int, int], look: Look) -> Row:
    probe = f"{layer.probe:.2f}" if view.measure == "R²" else percent(layer.probe)
    used = f"{layer.dimensions:.1f}" + (f" of {layer.units:,}" if rooms[2] == _WIDE_LAST else "")
    return joined(
        [
            (fit(clean(layer.name, 40), name) + " ", look.ink("text")),
            *_draw_number(layer.probe, probe, rooms[0], look),
            *_draw_number(layer.separation, percent(layer.separation), rooms[1], look),
            (fit(used if math.isfinite(layer.dimensions) else look.pick("–", "-"), rooms[2]), look.ink("text")),
        ]
    )


def _draw_number(share: float, text: str, room: int, look: Look) -> Row:
    """A bar and its number in so many columns; a dash where there is none."""
    if not math.isfinite(share):
        return ((fit(look.pick("–", "-"), room), look.ink("faint")),)
    wide = room - _NUMBER
    if wide < _LEAST_BAR:
        return ((fit(text, room), look.ink("text")),)
    return (*bar(share, wide, look), (fit(text.rjust(_NUMBER - 1), _NUMBER), look.ink("text")))


def _explain(view: LayerScores) -> tuple[str, ...]:
    """What the columns mean."""
    classes = view.measure == "accuracy"
    return (
        f"probe: {view.measure} of a {'logistic' if classes else 'ridge'} regression on the layer, on held-out rows",
        *(("baseline: accuracy of the most frequent class",) if classes else ()),
        *(("separation: share of the variance between the classes",) if classes else ()),
        "dimensions: how many the rows use (participation ratio)",
    )


LAYER_SCORES = Drawing(LayerScores, draw)
