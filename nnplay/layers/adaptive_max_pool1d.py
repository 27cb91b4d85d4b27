"""AdaptiveMaxPool1d: sequences of any size become one of a wanted size, by the largest number of each window."""

from __future__ import annotations

from nnplay.operations.adaptive_pooling import adaptive_pooling

ADAPTIVE_MAX_POOL1D = adaptive_pooling(
    "adaptive_max_pool1d",
    "AdaptiveMaxPool1d",
    "Shrinks a sequence of any length to a wanted one: the largest value of each share.",
    when="Where the peaks of a sequence count, and the next layer needs a certain length.",
    axes=1,
    largest=True,
)
