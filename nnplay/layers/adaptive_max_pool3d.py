"""AdaptiveMaxPool3d: volumes of any size become one of a wanted size, by the largest number of each window."""

from __future__ import annotations

from nnplay.operations.adaptive_pooling import adaptive_pooling

ADAPTIVE_MAX_POOL3D = adaptive_pooling(
    "adaptive_max_pool3d",
    "AdaptiveMaxPool3d",
    "Shrinks a volume or clip of any size to a wanted one: the strongest response of each share.",
    when="Where it matters that a pattern is there, roughly where, and not how large the volume is.",
    axes=3,
    largest=True,
)
