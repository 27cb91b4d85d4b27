"""The curve of a learning-rate sweep: the smoothed loss over the rates, with the suggested ones marked."""

from __future__ import annotations

import numpy as np

from nnplay.training.rate_finder import Sweep
from nnplay.tui.draw.number_text import loss as loss_text
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit


def draw_sweep(sweep: Sweep, chosen: float, width: int, height: int, look: Look) -> list[Row]:
    """Losses against powers of ten of the rate; the chosen rate is a mark, and what the axes mean stands below."""
    shown = np.isfinite(sweep.smoothed)
    if shown.sum() < 2 or height < 2:
        return []
    across, upright = np.log10(sweep.rates[shown]), sweep.smoothed[shown]
    low = float(upright.min())
    high = min(float(upright.max()), low + 2 * max(float(upright[0]) - low, 1e-12))
    pad = 0.05 * max(high - low, 1e-12)
    ends = (float(across[0]), float(across[-1]))
    sketch = Sketch(width, height - 1, ends, (low - pad, high + pad), look)
    heights = np.minimum(upright, high)
    sketch.line(across.tolist(), heights.tolist(), look.series(0))
    at = float(np.log10(chosen))
    sketch.point(at, float(np.interp(at, across, heights)), look.ink("accent", bold=True), look.pick("●", "o"))
    left, right = f"lr {sweep.rates[0]:.0e}", f"{sweep.rates[-1]:.0e}"
    middle = f"loss {loss_text(low, 8).strip()} to {loss_text(high, 8).strip()}"
    text = f"{left}  {middle}".ljust(max(0, width - len(right))) + right
    return [*sketch.rows(), ((fit(text, width), look.ink("dim")),)]
