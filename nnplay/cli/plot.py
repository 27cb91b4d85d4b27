"""The loss curves of a finished run, drawn with characters by plotext."""

from __future__ import annotations

import shutil
import sys

import numpy as np

from nnplay.training.history import History
from nnplay.training.numbers import label


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
    drawn = False
    for name, marker in (("train_loss", "braille"), ("validation_loss", "dot")):
        curve = history[name]
        # The scale is logarithmic: a loss of exactly 0 has no place on it.
        shown = np.isfinite(curve.last) & (curve.last > 0)
        if not shown.any():
            continue
        drawn = True
        epochs = curve.steps[shown] / batches
        values = curve.last[shown].astype(float)
        plotext.plot(epochs.tolist(), values.tolist(), label=label(name), marker=marker if unicode else name[0])
    if not drawn:
        return ""
    plotext.yscale("log")
    plotext.xlabel("epoch")
    text: str = plotext.uncolorize(plotext.build())
    return "\n".join(line.rstrip() for line in text.splitlines())
