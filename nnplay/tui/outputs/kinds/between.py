"""The loss on the line between two runs, with a mark at both of them."""

from __future__ import annotations

import numpy as np

from nnplay.text import clean, figure
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.shares import draw_sentence
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.between import Between


def draw(view: Between, width: int, height: int, look: Look) -> list[Row]:
    """The curve; half a length beyond both ends is drawn too."""
    name = clean(view.other, 40)
    head = draw_sentence(f"loss on the line from {name} to now" if name else "loss between two steps", width, look)
    kept = np.isfinite(view.losses)
    if view.problem or not kept.any():
        words = view.problem or "the loss is infinite everywhere on this line"
        return [*head, ((fit(clean(words), width), look.ink("text")),)][:height]
    losses = np.where(kept, view.losses, np.nan)
    low, high = float(np.nanmin(losses)), float(np.nanmax(losses))
    ends = (float(view.shares[0]), float(view.shares[-1]))
    sketch = Sketch(width, max(1, height - len(head) - 1), ends, (low, max(high, low + 1e-12)), look)
    sketch.line(view.shares.tolist(), losses.tolist(), look.series(0))
    at = [float(np.interp(share, view.shares, losses)) for share in (0.0, 1.0)]
    sketch.point(0.0, at[0], look.ink("strong"), look.pick("○", "o"))
    sketch.point(1.0, at[1], look.ink("accent", bold=True), look.pick("◉", "@"))
    there, now = look.pick("○", "o"), look.pick("◉", "@")
    words = f"{there} {name} {figure(at[0])}   {now} now {figure(at[1])}   {figure(low)} to {figure(high)}"
    return [*head, *sketch.rows(), ((fit(words, width), look.ink("dim")),)][:height]


BETWEEN = Drawing(Between, draw)
