"""What answers drawn as charts share: points that can be drawn, limits of the axes, the legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnplay.tui.draw import axes, curves
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, joined


def finite_points(x: Any, y: Any) -> Downsampled:
    x, y = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    good = np.isfinite(x) & np.isfinite(y)
    order = np.argsort(x[good], kind="stable")
    return Downsampled.through(x[good][order], y[good][order])


def find_limits(values: Any) -> axes.Limits:
    finite = np.asarray(values)[np.isfinite(values)]
    return axes.nice(float(finite.min()), float(finite.max()), 10) if finite.size else axes.Limits(0.0, 1.0)


def draw_legend(names: Sequence[str], look: Look, first: int = 0) -> Row:
    numbered = enumerate(names, first)
    return joined([(f"{curves.glyph(i, look)} {name}  ", look.series(i)) for i, name in numbered])
