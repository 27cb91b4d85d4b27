"""AdaptiveMaxPool2d: pictures of any size become one of a wanted size, by the largest number of each window."""

from __future__ import annotations

from nnplay.operations.adaptive_pooling import adaptive_pooling

ADAPTIVE_MAX_POOL2D = adaptive_pooling(
    "adaptive_max_pool2d",
    "AdaptiveMaxPool2d",
    "Shrinks an image of any size to a wanted one: the strongest response of each share.",
    when="Where it matters that a pattern is there, roughly where, and not how large the image is.",
    axes=2,
    largest=True,
)
