"""A data set that is looked at: its columns and cells, and the part that each row is in."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.profile.columns import (
    ColumnFacts,
    ProfiledColumn,
    measure_column,
    profile_columns,
    token_names,
    visible,
)
from nnplay.data.profile.encoding_words import describe_encoding
from nnplay.data.split import Split
from nnplay.detection.objects import object_labels
from nnplay.text import clean, counted

#: The parts of a split as people call them.
PARTS: Final = ("training", "validation", "test")


class Profile:
    """What can be asked about a data set; only what is asked for is worked out, and columns are counted once.

    Args:
        data: the whole set, in its own units.
        split: how it is dealt and scaled.

    Attributes:
        columns: see `profile_columns`.
    """

    def __init__(self, data: Dataset, split: Split) -> None:
        self.data, self.split = data, split
        self.columns: tuple[ProfiledColumn, ...] = profile_columns(data)
        self._facts: dict[ProfiledColumn, ColumnFacts] = {}

    def __len__(self) -> int:
        return len(self.data)

    @property
    def head(self) -> str:
        """As in "iris: 150 rows of 4 inputs, 3 classes"."""
        shape = "×".join(f"{size:,}" for size in self.data.feature_shape)
        kind = counted(self.data.outputs, "target" if self.data.task == "regression" else "class")
        noun = "" if len(self.data.feature_shape) > 1 else " inputs" if shape != "1" else " input"
        return f"{clean(self.data.name)}: {counted(len(self), 'row')} of {shape}{noun}, {kind}"

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """What the numbers in the rows stand for, where these are text."""
        return () if self.data.vocabulary is None else token_names(self.data.vocabulary)

    @cached_property
    def part_numbers(self) -> NDArray[np.int8]:
        """For each row (N,) the place of its part in `PARTS`."""
        parts = np.zeros(len(self), dtype=np.int8)
        parts[self.split.indices.validation], parts[self.split.indices.test] = 1, 2
        return parts

    @property
    def part_rows(self) -> tuple[int, int, int]:
        """Rows of each part."""
        indices = self.split.indices
        return len(indices.train), len(indices.validation), len(indices.test)

    def line(self, row: int) -> int:
        """The number that messages give a row: its line in the file, else counted from 1."""
        return row + 1 if self.data.table is None else self.data.table.line(row)

    def cells(self, column: ProfiledColumn, start: int, stop: int) -> list[str]:
        """What a column says in rows `start` to `stop` (left out), as it was written."""
        if self.data.table is not None and column.number >= 0:
            return [clean(cell) for cell in self.data.table.cells(column.number, start, stop)]
        if column.kind == "token":
            return [self.tokens[int(token)] for token in self.data.x[start:stop, column.start]]
        if column.role == "feature":
            return [_number(value) for value in self.data.x[start:stop, column.start].tolist()]
        if self.data.task == "regression":
            return [_number(value) for value in self.data.y[start:stop, column.start].tolist()]
        if self.data.task == "detection":
            return [self._labels(object_labels(target[None])[0]) for target in self.data.y[start:stop]]
        if self.data.y.ndim > 2:
            return [self._shares(labels) for labels in self.data.y[start:stop]]
        return [self._labels(labels) for labels in self.data.y[start:stop]]

    def _shares(self, labels: NDArray[Any]) -> str:
        """The classes of pixels and how many there are of each, the largest first."""
        counts = np.bincount(labels.ravel(), minlength=len(self.data.class_names))
        order = [int(label) for label in np.argsort(-counts, kind="stable") if counts[label]]
        named = [f"{visible(clean(self.data.class_names[label]))} {counts[label]:,}" for label in order[:8]]
        return ", ".join(named) + (", …" if len(order) > len(named) else "") + " pixels"

    def _labels(self, labels: Any) -> str:
        names = self.data.class_names
        found = np.ravel(labels)[:8].tolist()
        return " ".join(visible(clean(names[int(label)])) for label in found) + (
            " …" if np.size(labels) > len(found) else ""
        )

    def facts(self, column: ProfiledColumn) -> ColumnFacts:
        """What is counted of a column; the first question looks at every row."""
        if column not in self._facts:
            self._facts[column] = measure_column(self.data, column)
        return self._facts[column]

    def known_facts(self, column: ProfiledColumn) -> ColumnFacts | None:
        """What was counted of it, if it was."""
        return self._facts.get(column)

    def encoding(self, column: ProfiledColumn) -> str:
        """How the column becomes numbers, in words."""
        return describe_encoding(self.data, self.split.scaler, column)


def _number(value: float) -> str:
    return f"{value:.6g}"
