"""AvgPool3d: keeps the mean number of each window of volumes and clips, channel by channel."""

from __future__ import annotations

from nnplay.layers._pooling import pooling

AVG_POOL3D = pooling(
    "avg_pool3d",
    "AvgPool3d",
    "Replaces each window with its mean; makes the volume smaller and smoother.",
    when="To shrink volumes and clips smoothly; max_pool3d keeps edges sharper.",
    axes=3,
    largest=False,
)
