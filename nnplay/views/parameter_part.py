"""Which numbers of a parameter a view shows, in whatever order it has put them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ParameterPart:
    """Numbers of a parameter.

    Attributes:
        name: of the parameter.
        shape: its shape.
        places: where each number of the view is in the parameter, counted through.
    """

    name: str
    shape: tuple[int, ...]
    places: NDArray[np.int64]

    def index_of(self, element: tuple[int, ...]) -> tuple[int, ...]:
        """The index in the parameter of one number of the view."""
        return tuple(int(k) for k in np.unravel_index(int(self.places[element]), self.shape))
