"""The symbols of an example by their names."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset


def name_symbols(x: NDArray[Any], data: Dataset) -> tuple[str, ...]:
    """The symbols of an example of `data`: tokens of its vocabulary, or classes if there are as many, else numbers."""
    names = data.class_names if data.vocabulary is None else data.vocabulary.names
    numbers = x.argmax(axis=1) if x.ndim == 2 else x.astype(np.int64)
    kinds = x.shape[1] if x.ndim == 2 else int(numbers.max(initial=0)) + 1
    fits = kinds == len(names) if x.ndim == 2 else kinds <= len(names)
    return tuple(names[int(number)] if fits else str(int(number)) for number in numbers)
