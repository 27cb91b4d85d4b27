"""MaxPool2d: keeps the largest number of each window of pictures, channel by channel."""

from __future__ import annotations

from nnplay.layers._pooling import pooling

MAX_POOL2D = pooling(
    "max_pool2d",
    "MaxPool2d",
    "Keeps the strongest response in each window, which shrinks images and makes small shifts harmless.",
    when="Between convolutions: halves the size, and small shifts no longer matter.",
    axes=2,
    largest=True,
)
