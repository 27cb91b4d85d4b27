"""Which numbers need 64 bits until their offset is taken off: unix seconds, Julian dates, coordinates of maps."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_STEP: Final = float(np.finfo(np.float32).eps) / 2
#: A step of float32 above this part of the spread shows in the scores.
_SHARE: Final = 1e-5


def keep_differences(array: NDArray[Any]) -> type[np.float32] | type[np.float64]:
    """The type in which the numbers (…, columns) of each column stay as far apart as they are: float32 where it can.

    Scaling takes a column's offset off in float64 and gives float32. A column that was cut to float32 before has lost
    its differences if they are small beside the offset: seconds since 1970 would be told apart by two minutes. NaN is
    a missing value.
    """
    if (
        not array.size
        or array.dtype in (np.float32, np.float16)
        or array.dtype.itemsize < 4
        or array.dtype.kind not in "iuf"
    ):
        return np.float32
    columns = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    low, high = np.fmin.reduce(columns, axis=0), np.fmax.reduce(columns, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.asarray(high, np.float64) - np.asarray(low, np.float64)
    return find_type(np.maximum(np.abs(np.asarray(low, np.float64)), np.abs(np.asarray(high, np.float64))), spread)


def find_type(magnitude: NDArray[np.float64], spread: NDArray[np.float64]) -> type[np.float32] | type[np.float64]:
    """float64 if a step of float32 at one of the magnitudes (columns,) is large beside its spread; else float32."""
    with np.errstate(invalid="ignore"):
        coarse = (spread > 0) & np.isfinite(spread) & (magnitude * _STEP > spread * _SHARE)
    return np.float64 if bool(np.any(coarse)) else np.float32
