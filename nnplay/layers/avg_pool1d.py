"""AvgPool1d: keeps the mean number of each window of sequences, channel by channel."""

from __future__ import annotations

from nnplay.layers._pooling import pooling

AVG_POOL1D = pooling(
    "avg_pool1d",
    "AvgPool1d",
    "Replaces each window with its mean; makes the sequence shorter and smoother.",
    when="To shorten a sequence where the level matters more than the peaks.",
    axes=1,
    largest=False,
)
