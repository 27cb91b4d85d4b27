"""The symbols of an example by their names."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset


def name_symbols(part: Dataset, row: int) -> tuple[str, ...]:
    """The symbols of one example: tokens of the vocabulary, or names of classes that are the same, else numbers."""
    x = part.x[row]
    names = part.class_names if part.vocabulary is None else part.vocabulary.names
    numbers = x.argmax(axis=1) if x.ndim == 2 else x.astype(np.int64)
    kinds = x.shape[1] if x.ndim == 2 else int(numbers.max(initial=0)) + 1
    fits = kinds == len(names) if x.ndim == 2 else kinds <= len(names)
    return tuple(names[int(number)] if fits else str(int(number)) for number in numbers)
