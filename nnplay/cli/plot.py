"""The loss curves of a finished run, drawn with characters by plotext."""

from __future__ import annotations

import shutil
import sys

import numpy as np

from nnplay.training.curves.history import History
from nnplay.training.numbers import label
from nnplay.tui.draw import axes


def loss_plot(history: History, batches: int) -> str:
    """Training and validation loss over the epochs, as lines of text without control characters.

    Args:
        batches: batches of an epoch.
    """
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    columns = shutil.get_terminal_size().columns
    plotext.plot_size(max(40, min(columns, 100)), 16)
    unicode = "utf" in (sys.stdout.encoding or "").lower()
    drawn: list[tuple[list[float], list[float]]] = []
    for name, marker in (("train_loss", "braille"), ("validation_loss", "dot")):
        curve = history[name]
        # The scale is logarithmic: a loss of exactly 0 has no place on it.
        shown = np.isfinite(curve.last) & (curve.last > 0)
        if not shown.any():
            continue
        epochs = (curve.steps[shown] / batches).tolist()
        exponents = np.log10(curve.last[shown].astype(float)).tolist()
        plotext.plot(epochs, exponents, label=label(name), marker=marker if unicode else name[0])
        drawn.append((epochs, exponents))
    if not drawn:
        return ""
    across, upright = ([value for line in drawn for value in line[axis]] for axis in (0, 1))
    x, y = axes.nice(0.0, max(across)), axes.nice_log(10 ** min(upright), 10 ** max(upright))
    plotext.xlim(x.low, x.high)
    plotext.ylim(y.low, y.high)
    for ticks, method in ((axes.ticks(x, 5), plotext.xticks), (axes.ticks(y, 4, log=True), plotext.yticks)):
        method([place for place, _ in ticks], [text for _, text in ticks])
    plotext.xlabel("epoch")
    text: str = plotext.uncolorize(plotext.build())
    return "\n".join(line.rstrip() for line in text.splitlines())
