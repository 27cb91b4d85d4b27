"""What the rules need to know about the data; computed once for each training part."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.real_rows import NAMES as REAL_OR_MADE
from nnplay.data.split import Split

#: Rows from which the ranges of inputs are taken.
_SAMPLED_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Facts about a split.

    Attributes:
        rows: rows of each part, by name.
        class_names: names of the classes; empty for regression and for labels per pixel.
        class_rows: training rows of each class.
        held_share: share of the largest training class among the validation rows, NaN where there are none.
        columns: names of the inputs as far as they have names of their own, else empty.
        lowest, highest: smallest and largest input of all parts as the network gets them.
        whole: all of them are whole numbers.
        largest, spread: largest absolute value and standard deviation of each input as the network gets it.
        notes: what the split noted.
    """

    rows: Mapping[str, int]
    class_names: tuple[str, ...]
    class_rows: NDArray[np.int64]
    held_share: float
    columns: tuple[str, ...]
    lowest: float
    highest: float
    whole: bool
    largest: NDArray[np.float64]
    spread: NDArray[np.float64]
    notes: tuple[str, ...]


_known: weakref.WeakKeyDictionary[Dataset, DataFacts] = weakref.WeakKeyDictionary()


def data_facts(split: Split) -> DataFacts:
    """The facts of a split, from memory if its training part was looked at before."""
    if split.train not in _known:
        _known[split.train] = _measure(split)
    return _known[split.train]


def _measure(split: Split) -> DataFacts:
    train = split.train
    parts = {"training": train, "validation": split.validation, "test": split.test}
    x = train.x[:: -(-len(train) // _SAMPLED_ROWS)].reshape(-1, train.feature_shape[-1]).astype(np.float64)
    labelled = train.task == "classification" and train.y.ndim == 1 and train.class_names != REAL_OR_MADE
    counts = _count_classes(train) if labelled else np.zeros(0, np.int64)
    return DataFacts(
        rows={name: len(part) for name, part in parts.items() if part is not None},
        class_names=train.class_names if labelled else (),
        class_rows=counts,
        held_share=_measure_held_share(split.validation, counts) if labelled else float("nan"),
        columns=train.feature_names,
        lowest=min(float(part.x.min()) for part in parts.values() if part is not None),
        highest=max(float(part.x.max()) for part in parts.values() if part is not None),
        whole=all(bool((part.x == np.floor(part.x)).all()) for part in parts.values() if part is not None),
        largest=np.abs(x).max(axis=0),
        spread=x.std(axis=0),
        notes=split.notes,
    )


def _count_classes(part: Dataset) -> NDArray[np.int64]:
    return np.bincount(part.y.astype(np.int64), minlength=part.outputs)


def _measure_held_share(part: Dataset | None, counts: NDArray[np.int64]) -> float:
    return float("nan") if part is None else float(_count_classes(part)[counts.argmax()] / len(part))
