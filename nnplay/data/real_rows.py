"""Rows as examples of what is real: whatever their targets are, they are of one class, beside that of made ones."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.split import Split

#: Class 0 and class 1.
NAMES = ("made", "real")


def are_all_real(part: Dataset) -> bool:
    """Whether every row is called real, so that only the share that is taken for real says anything."""
    return part.class_names == NAMES and bool(np.all(part.y == 1))


def called_real(split: Split) -> Split:
    """The same rows, all of class 1, "real"; what they were before is in `kinds` of each part."""
    validation, test = (None if part is None else rows_called_real(part) for part in (split.validation, split.test))
    return replace(split, train=rows_called_real(split.train), validation=validation, test=test)


def rows_called_real(part: Dataset) -> Dataset:
    """The same for one part, or for data that are not split."""
    made = copy.copy(part)
    made.kinds = part.y if part.task == "classification" and part.y.ndim == 1 else None
    made.kind_names = part.class_names
    made.y, made.task, made.outputs = np.ones(len(part), np.int64), "classification", len(NAMES)
    made.class_names, made.target_names = NAMES, ()
    return made
