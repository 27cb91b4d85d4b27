"""AdaptiveAvgPool2d: pictures of any size become one of a wanted size, by the mean of each window."""

from __future__ import annotations

from nnplay.operations.adaptive_pooling import adaptive_pooling

ADAPTIVE_AVG_POOL2D = adaptive_pooling(
    "adaptive_avg_pool2d",
    "AdaptiveAvgPool2d",
    "Shrinks an image of any size to a wanted one: the mean of each share.",
    when="In front of flatten, linear: the network then takes images of any size.",
    axes=2,
    largest=False,
)
