"""How a series goes on behind each example of it: what a forecast is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sequel:
    """The values behind the last one that is seen, for each example.

    Attributes:
        values: (N, steps), in original units and without noise; never an input of a network.
        ahead: how many steps behind the last value seen the one lies that is learned.
    """

    values: NDArray[np.float32]
    ahead: int

    def take(self, rows: NDArray[Any]) -> Sequel:
        """Those of some examples."""
        return replace(self, values=self.values[rows])
