"""Rows of numbers as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_image(row: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """One row of numbers as (h, w), or (h, w, 3)."""
    image = np.asarray(row, np.float32).reshape(shape)
    return image[:, :, 0] if shape[2] == 1 else image
