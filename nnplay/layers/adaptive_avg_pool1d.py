"""AdaptiveAvgPool1d: sequences of any size become one of a wanted size, by the mean of each window."""

from __future__ import annotations

from nnplay.operations.adaptive_pooling import adaptive_pooling

ADAPTIVE_AVG_POOL1D = adaptive_pooling(
    "adaptive_avg_pool1d",
    "AdaptiveAvgPool1d",
    "Shrinks a sequence of any length to a wanted one: the mean of each share.",
    when="In front of linear, where sequences may get another length later.",
    axes=1,
    largest=False,
)
