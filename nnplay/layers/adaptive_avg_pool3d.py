"""AdaptiveAvgPool3d: volumes of any size become one of a wanted size, by the mean of each window."""

from __future__ import annotations

from nnplay.operations.adaptive_pooling import adaptive_pooling

ADAPTIVE_AVG_POOL3D = adaptive_pooling(
    "adaptive_avg_pool3d",
    "AdaptiveAvgPool3d",
    "Shrinks a volume or clip of any size to a wanted one: the mean of each share.",
    when="In front of flatten, linear: the network then takes volumes of any size.",
    axes=3,
    largest=False,
)
