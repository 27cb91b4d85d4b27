"""What many seeds of one run say together: the median, the quartiles, and where the mean likely is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnplay.sweeps.ranking import score_text
from nnplay.text import counted
from nnplay.training.scores.uncertainty import MOST_ROWS, mean_interval


def summarize_seeds(name: str, values: Sequence[float]) -> str:
    """One sentence about a score of several seeds; those that did not come to the end are counted.

    Args:
        name: of the score: "accuracy", "loss" …
        values: one for each seed; not finite where it did not come to the end.
    """
    scores = np.array(values, np.float64)
    scores = scores[np.isfinite(scores)]
    if not len(scores):
        return "no seed came to the end"

    def shown(value: float) -> str:
        return score_text(name, value)

    words = f"{name} of {counted(len(scores), 'seed')}: "
    if scores.min() == scores.max():
        words += f"{shown(float(scores[0]))}, the same for all"
    else:
        low, middle, high = np.quantile(scores, (0.25, 0.5, 0.75)).tolist()
        words += f"median {shown(middle)}, quartiles {shown(low)} and {shown(high)}; mean {shown(float(scores.mean()))}"
        if len(scores) <= MOST_ROWS:
            first, last = mean_interval(scores)
            words += f", likely between {shown(first)} and {shown(last)} (95 %)"
    missing = len(values) - len(scores)
    return words + (f"; {counted(missing, 'seed')} did not come to the end" if missing else "")
