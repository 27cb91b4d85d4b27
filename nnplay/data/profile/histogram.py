"""How often values or words occur, and that as one line of small bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Bars that are counted; fewer are drawn by joining neighbours.
BINS: Final = 48
_BARS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = ".:-=+*#@"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values, from the smallest to the largest, or of words, the commonest first.

    Attributes:
        counts: of each bin or word.
        words: one for each count; empty for numbers.
        low, high: the smallest and the largest number.
        others: rows whose words are not among those counted.
    """

    counts: tuple[int, ...]
    words: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    others: int = 0


def count_numbers(values: NDArray[Any], bins: int = BINS) -> Histogram:
    """The histogram of numbers (any shape); what is not finite is left out."""
    numbers = np.asarray(values, dtype=np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return Histogram(())
    low, high = float(numbers.min()), float(numbers.max())
    if low == high:
        return Histogram((numbers.size,), (), low, high)
    counts, _ = np.histogram(numbers / 2, bins, (low / 2, high / 2))  # halves: the range of the largest is no overflow
    return Histogram(tuple(counts.tolist()), (), low, high)


def count_words(words: Sequence[str], counts: Sequence[int], most: int = BINS) -> Histogram:
    """The histogram of words that occur so often each."""
    order = sorted(range(len(words)), key=lambda place: -counts[place])
    order = [place for place in order if counts[place]]
    kept, left = order[:most], order[most:]
    return Histogram(
        tuple(int(counts[place]) for place in kept),
        tuple(words[place] for place in kept),
        others=int(sum(counts[place] for place in left)),
    )


def draw_bars(histogram: Histogram, width: int, *, ascii: bool = False) -> str:
    """The counts as bars in at most `width` columns; only a bin without a row has none.

    Numbers take the whole width, words a column each.
    """
    counts = np.array(histogram.counts, dtype=np.int64)
    if not counts.size or width < 1:
        return ""
    if histogram.words or counts.size < width:
        counts = counts[:width]
    else:
        counts = np.add.reduceat(counts, np.arange(width) * counts.size // width)
    signs = _PLAIN_BARS if ascii else _BARS
    heights = np.ceil(counts / max(1, int(counts.max())) * len(signs)).astype(int)
    return "".join(signs[height - 1] if height else " " for height in heights.tolist())
