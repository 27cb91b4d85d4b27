"""Whether probabilities can be believed: how often what is given 80 % is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
#: Bins of equal width from 0 to 1.
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """Answers by the probability that was given to them, in bins of equal width from 0 to 1.

    Attributes:
        chances: (B,) mean probability of the answers in each bin; NaN where there are none.
        right: (B,) how many of them were true.
        counts: (B,) how many there are.
    """

    chances: Floats
    right: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def shares(self) -> Floats:
        """(B,) the share of answers that were true; NaN where there are none."""
        none = np.full(len(self.counts), np.nan)
        return np.asarray(np.divide(self.right, self.counts, out=none, where=self.counts > 0))

    @property
    def expected_error(self) -> float:
        """The expected calibration error (ECE): how far shares are from probabilities, in the mean over answers."""
        there = self.counts > 0
        gaps = np.abs(self.shares[there] - self.chances[there])
        return float(np.sum(gaps * self.counts[there]) / max(1, int(self.counts.sum())))


def reliability(true: Array, chances: Array, bins: int = BINS) -> Reliability:
    """Answers sorted into bins; a probability on the edge of two belongs to the lower one, as in scikit-learn.

    Args:
        true: (N,) whether what was given that probability is so.
        chances: (N,) from 0 to 1.
    """
    given = np.asarray(chances, np.float64)
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges[1:-1], given), 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, given, bins)
    means = np.divide(sums, counts, out=np.full(bins, np.nan), where=counts > 0)
    return Reliability(means, np.bincount(place[np.asarray(true, bool)], minlength=bins), counts)


def brier(true: Array, chances: Array) -> float:
    """The mean squared difference of probabilities and what is so, summed over the columns (Brier 1950); 0 is perfect.

    Args:
        true: (N,) or (N, K), 1 where it is so.
        chances: of the same shape.
    """
    errors = (np.asarray(chances, np.float64) - np.asarray(true, np.float64)) ** 2
    return float(errors.reshape(len(errors), -1).sum(axis=1).mean())
