"""How a series continues after each window of it: what a forecast is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Continuation:
    """For each example, the values that follow the last one in its window.

    Attributes:
        values: (N, steps), in original units and without noise; never an input of a network.
        ahead: how many steps after the window the value lies that is learned: 1 for the very next one.
    """

    values: NDArray[np.float32]
    ahead: int

    def select(self, rows: NDArray[Any]) -> Continuation:
        """The continuations of some examples, by their numbers."""
        return replace(self, values=self.values[rows])
