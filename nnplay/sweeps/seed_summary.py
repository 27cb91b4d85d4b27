"""What many seeds of one run say together: the middle, the half around it, and where the mean likely is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnplay.sweeps.race import RunnerState
from nnplay.text import counted, figure, percent
from nnplay.training.scores.uncertainty import mean_interval


def summarize_seeds(states: Sequence[RunnerState], counts: bool) -> str:
    """One sentence about the newest scores of some seeds; those that did not come to the end are counted.

    Args:
        counts: whether there is an accuracy; else the validation loss is told.
    """
    values = np.array([state.accuracy if counts else state.loss for state in states if not state.fault])
    values = values[np.isfinite(values)]
    if not len(values):
        return "no seed came to the end"

    def shown(value: float) -> str:
        return percent(value, 1) if counts else figure(value, 4)

    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    first, last = mean_interval(values)
    if values.min() == values.max():
        words = f"{'accuracy' if counts else 'loss'} of {counted(len(values), 'seed')}: {shown(middle)} each time"
        return words + _gone(len(states) - len(values))
    words = f"{'accuracy' if counts else 'loss'} of {counted(len(values), 'seed')}: median {shown(middle)}"
    words += f", quartiles {shown(low)} and {shown(high)}; mean {shown(float(values.mean()))}"
    words += f", likely between {shown(first)} and {shown(last)} (95 %)"
    return words + _gone(len(states) - len(values))


def _gone(count: int) -> str:
    """How many did not come to the end; nothing where all did."""
    return f"; {counted(count, 'seed')} did not come to the end" if count else ""
