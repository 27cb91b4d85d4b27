"""MaxPool1d: keeps the largest number of each window of sequences, channel by channel."""

from __future__ import annotations

from nnplay.layers._pooling import pooling

MAX_POOL1D = pooling(
    "max_pool1d",
    "MaxPool1d",
    "Keeps the strongest response in each window, which shortens sequences and makes small shifts harmless.",
    when="Between 1-D convolutions, to keep the strongest response of every stretch.",
    axes=1,
    largest=True,
)
