"""MaxPool3d: keeps the largest number of each window of volumes and clips, channel by channel."""

from __future__ import annotations

from nnplay.layers._pooling import pooling

MAX_POOL3D = pooling(
    "max_pool3d",
    "MaxPool3d",
    "Keeps the strongest response in each window, which shrinks volumes and clips and makes small shifts harmless.",
    when="Between 3-D convolutions; kernel 1x2x2 leaves the frames of a clip as many as they are.",
    axes=3,
    largest=True,
)
