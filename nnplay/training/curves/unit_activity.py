"""Which units of activation layers do nothing: silent or saturated for nearly all rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer

Array = NDArray[Any]
#: A number within this share of the range from a bound is saturated: the slope there is below 4 % of the steepest.
_NEAR: Final = 0.01
#: A unit is saturated if that share of the rows is.
MOSTLY: Final = 0.95


def can_fail(planned: PlannedLayer) -> bool:
    """Whether units of this layer can be dead or saturated."""
    traits = planned.layer.record.traits
    return traits.rectifies or traits.bounds is not None


def saturates(planned: PlannedLayer) -> bool:
    """Whether its units can be saturated; else they can be dead."""
    return planned.layer.record.traits.bounds is not None


def share_of_rows(planned: PlannedLayer, units: Array) -> NDArray[np.float64]:
    """For outputs (rows, units), the share of rows (units,) for which a unit is off, or close to a bound."""
    bounds = planned.layer.record.traits.bounds
    if bounds is None:
        return np.asarray((units <= 0.0).mean(axis=0), np.float64)
    low, high = bounds(planned.layer.values)
    near = _NEAR * (high - low)
    return np.asarray(((units < low + near) | (units > high - near)).mean(axis=0), np.float64)


def fails(planned: PlannedLayer, shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which units are dead (off for all rows) or saturated (for nearly all), by their shares of rows."""
    return shares >= MOSTLY if saturates(planned) else shares >= 1.0
