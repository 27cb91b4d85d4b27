"""The symbols of an example by their names."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def name_symbols(x: NDArray[Any], names: tuple[str, ...]) -> tuple[str, ...]:
    """The symbols of one example by the names of the classes, where they are the same, else by their numbers."""
    numbers = x.argmax(axis=1) if x.ndim == 2 else x.astype(np.int64)
    kinds = x.shape[1] if x.ndim == 2 else int(numbers.max(initial=0)) + 1
    fits = kinds == len(names) if x.ndim == 2 else kinds <= len(names)
    return tuple(names[int(number)] if fits else str(int(number)) for number in numbers)
