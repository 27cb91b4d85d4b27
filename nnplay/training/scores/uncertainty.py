"""How far a score may be off because few rows were scored: 95 % intervals.

That of a share of right rows is Wilson's, which stays honest where none or all are right. All others are found by
drawing the rows again and again with repetition (bootstrap, Efron 1979); the draws are the same each time.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import counted, figure, percent
from nnplay.training.percentiles import percentiles
from nnplay.training.scores.ranking import order_scores

Array = NDArray[Any]
Floats = NDArray[np.float64]
#: With more rows than these the last digit that is shown is hardly in doubt.
MOST_ROWS: Final = 1000
#: With more classes the interval of F1 costs more than it tells.
MOST_CLASSES: Final = 100
#: The quantile of a normal distribution within which 95 % lie.
_Z: Final = 1.959963984540054
_DRAWS: Final = 1000
#: Per cent of the draws that lie below each end.
_ENDS: Final = (2.5, 97.5)
#: From here on R² is so bad that its decimals say nothing.
_READABLE: Final = 1000.0
_LARGE: Final = 1e7

Interval = tuple[float, float]
#: An interval that says nothing.
UNKNOWN: Final[Interval] = (math.nan, math.nan)


def accuracy_interval(right: int, rows: int) -> Interval:
    """Where the accuracy on endless rows is likely to be, of so many right answers (Wilson's score interval, 1927)."""
    share, z = right / rows, _Z
    middle = share + z * z / (2 * rows)
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    whole = 1 + z * z / rows
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def mean_interval(values: Array) -> Interval:
    """Where the mean of something that each row (N,) has is likely to be, such as that of absolute errors."""
    return _ends(draw_rows(len(values)) @ np.asarray(values, np.float64) / len(values))


def r2_interval(true: Array, predicted: Array) -> Interval:
    """Where R² is likely to be, of rows (N, T)."""
    wanted = true.astype(np.float64).reshape(len(true), -1)
    errors = ((predicted.astype(np.float64).reshape(wanted.shape) - wanted) ** 2).sum(axis=1)
    wanted -= wanted.mean(axis=0)  # squares of numbers far from 0 would hide the spread
    draws = draw_rows(len(true))
    means = draws @ wanted / len(true)
    spread = draws @ (wanted**2).sum(axis=1) - len(true) * (means**2).sum(axis=1)
    known = spread > 1e-12 * max(1.0, float((wanted**2).sum()))
    if not known.any():
        return -math.inf, 1.0
    return _ends(1.0 - (draws @ errors)[known] / spread[known])


def f1_interval(true: Array, predicted: Array, classes: Sequence[int]) -> Interval:
    """Where F1 is likely to be, averaged over those of the classes that occur; one class has its own F1.

    Args:
        true, predicted: labels (N,).
    """
    draws, labels = draw_rows(len(true)), np.asarray(classes)
    is_there, is_said = true[:, None] == labels, predicted[:, None] == labels
    hits = draws @ (is_there & is_said).astype(np.float64)
    sizes = draws @ (is_there.astype(np.float64) + is_said)
    occurs = sizes > 0
    f1 = np.divide(2 * hits, sizes, out=np.zeros(hits.shape), where=occurs).sum(axis=1)
    known = occurs.any(axis=1)
    return _ends(f1[known] / occurs.sum(axis=1)[known])


def auc_interval(true: Array, scores: Array) -> Interval:
    """Where the area under the ROC curve is likely to be; see `ranking.rank`."""
    hits, alarms = _draw_steps(true, scores)
    above = np.cumsum(hits, axis=1)
    positives, negatives = above[:, -1], alarms.sum(axis=1)
    area = np.einsum("ds,ds->d", alarms, above) - np.einsum("ds,ds->d", alarms, hits) / 2
    known = (positives > 0) & (negatives > 0)
    return _ends(area[known] / (positives * negatives)[known])


def average_precision_interval(true: Array, scores: Array) -> Interval:
    """Where the average precision is likely to be; see `ranking.rank`."""
    hits, alarms = _draw_steps(true, scores)
    above = np.cumsum(hits, axis=1)
    alarms += hits
    called = np.cumsum(alarms, axis=1, out=alarms)
    precision = np.divide(above, called, out=np.zeros(hits.shape), where=called > 0)
    known = above[:, -1] > 0
    return _ends(np.einsum("ds,ds->d", hits, precision)[known] / above[known, -1])


def _draw_steps(true: Array, scores: Array) -> tuple[Floats, Floats]:
    """Of each draw the positive and the negative rows (draws, S) of each score, the highest first."""
    order, last = order_scores(scores)
    draws, positive = draw_rows(len(order))[:, order], np.asarray(true, bool)[order]
    found = draws * positive, draws * ~positive
    if len(last) == len(order):
        return found
    begins = np.r_[0, last[:-1] + 1]
    return np.add.reduceat(found[0], begins, axis=1), np.add.reduceat(found[1], begins, axis=1)


@functools.lru_cache(maxsize=4)
def draw_rows(rows: int) -> Floats:
    """How often each row (draws, N) is in each draw of as many rows as there are."""
    drawn = np.random.Generator(np.random.PCG64(0)).integers(0, rows, (_DRAWS, rows))
    drawn += rows * np.arange(_DRAWS)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=_DRAWS * rows).reshape(_DRAWS, rows).astype(np.float64)
    counts.flags.writeable = False
    return counts


def _ends(found: Floats) -> Interval:
    if not len(found):
        return UNKNOWN
    low, high = percentiles(found, _ENDS)
    return float(low), float(high)


def describe_interval(metric: str, interval: Interval, rows: int) -> str:
    """`likely between 72.1 % and 93.4 % (95 % interval of 45 rows)`."""
    low, high = (show_score(metric, end) for end in interval)
    return f"likely between {low} and {high} (95 % interval of {counted(rows, 'row')})"


def show_score(metric: str, value: float) -> str:
    """A score as text: a share of rows as per cent, an error by three digits, others by three decimals."""
    if metric == "accuracy":
        return percent(value, 1) if math.isfinite(value) else "–"
    if _READABLE <= abs(value) < _LARGE:
        return f"{float(figure(value)):,.0f}"
    return f"{value:.3f}" if metric != "mae" and abs(value) < _READABLE else figure(value)
