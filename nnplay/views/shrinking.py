"""Arrays made smaller by the means of their parts, so that nothing thin is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def shrink(values: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """Values (…, h, w) as (…, rows, columns), which are no more than h and w."""
    tall, broad = values.shape[-2:]
    y, x = np.arange(rows) * tall // rows, np.arange(columns) * broad // columns
    sums = np.add.reduceat(np.add.reduceat(values, y, axis=-2), x, axis=-1)
    return np.asarray(sums / np.outer(np.diff(y, append=tall), np.diff(x, append=broad)))
