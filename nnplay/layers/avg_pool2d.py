"""AvgPool2d: keeps the mean number of each window of pictures, channel by channel."""

from __future__ import annotations

from nnplay.layers._pooling import pooling

AVG_POOL2D = pooling(
    "avg_pool2d",
    "AvgPool2d",
    "Replaces each window with its mean; makes the image smaller and smoother.",
    when="To shrink images smoothly; max_pool2d keeps edges sharper.",
    axes=2,
    largest=False,
)
