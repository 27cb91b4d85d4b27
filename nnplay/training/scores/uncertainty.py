"""How far a score may be off because few rows were scored: 95 % intervals for accuracy and R²."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import counted, figure, percent

#: With more rows than these the last digit that is shown is hardly in doubt.
MOST_ROWS: Final = 1000
#: The quantile of a normal distribution within which 95 % lie.
_Z: Final = 1.959963984540054
_DRAWS: Final = 1000
#: From here on R² is so bad that its decimals say nothing.
_READABLE: Final = 1000.0

Interval = tuple[float, float]


def accuracy_interval(right: int, rows: int) -> Interval:
    """Where the accuracy on endless rows is likely to be, of so many right answers (Wilson's score interval, 1927)."""
    share, z = right / rows, _Z
    middle = share + z * z / (2 * rows)
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    whole = 1 + z * z / rows
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def r2_interval(true: NDArray[Any], predicted: NDArray[Any]) -> Interval:
    """Where R² is likely to be, by drawing rows (N, T) again and again with repetition (bootstrap, Efron 1979).

    The draws are the same each time.
    """
    wanted = true.astype(np.float64).reshape(len(true), -1)
    errors = ((predicted.astype(np.float64).reshape(wanted.shape) - wanted) ** 2).sum(axis=1)
    wanted -= wanted.mean(axis=0)  # squares of numbers far from 0 would hide the spread
    draws = np.random.Generator(np.random.PCG64(0)).multinomial(len(true), np.full(len(true), 1 / len(true)), _DRAWS)
    means = draws @ wanted / len(true)
    spread = draws @ (wanted**2).sum(axis=1) - len(true) * (means**2).sum(axis=1)
    known = spread > 1e-12 * max(1.0, float((wanted**2).sum()))
    if not known.any():
        return -math.inf, 1.0
    low, high = np.quantile(1.0 - (draws @ errors)[known] / spread[known], (0.025, 0.975))
    return float(low), float(high)


def describe_interval(metric: str, interval: Interval, rows: int) -> str:
    """`likely between 72.1 % and 93.4 % (95 % interval of 45 rows)`."""
    low, high = (percent(end, 1) if metric == "accuracy" else _r2(end) for end in interval)
    return f"likely between {low} and {high} (95 % interval of {counted(rows, 'row')})"


def _r2(value: float) -> str:
    return f"{value:.3f}" if abs(value) < _READABLE else figure(value)
