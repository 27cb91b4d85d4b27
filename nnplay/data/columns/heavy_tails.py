"""Numbers of which a few are far larger than all the others, such as incomes and populations: their logarithm."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact

#: How lopsided numbers are that have a tail (their third standardised moment), and how much of that a logarithm leaves.
_LOPSIDED: Final = 2.0
_LEFT: Final = 0.5
#: What the input is called, behind the name of the column.
LOGARITHM: Final = "logarithm"
#: In fewer rows a large number may be chance.
_FEWEST_ROWS: Final = 20


def logarithm(values: NDArray[np.float64], low: float) -> NDArray[np.float64] | None:
    """The natural logarithms of numbers from 0 on (N,) with a long tail; NaN stays. None for all others.

    Where there are zeros the smallest other number is added first, which is 1 for counts.

    Args:
        low: the smallest of the numbers.
    """
    if not low >= 0:
        return None
    there = ~np.isnan(values)
    known = values[there]
    if len(known) < _FEWEST_ROWS or (skewness := _skewness(known)) < _LOPSIDED:
        return None
    logarithms = exact.log(known if low > 0 else known + known[known > 0].min())
    if abs(_skewness(logarithms)) > _LEFT * skewness:
        return None
    made = np.full(len(values), np.nan)
    made[there] = logarithms
    return made


def _skewness(values: NDArray[np.float64]) -> float:
    apart = values - values.mean()
    spread = float(np.sqrt((apart * apart).mean()))
    return float((apart * apart * apart).mean()) / spread**3 if spread > 0 else 0.0
