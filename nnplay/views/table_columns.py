"""The columns of the table that a run's rows come from, in their own units and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.columns.columns import Column
from nnplay.data.dataset import Dataset
from nnplay.training.scores.slicing import Slice, slice_by_category, slice_by_number
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_symbols, image_shape
from nnplay.views.input_form import column_names
from nnplay.views.rows import raw_inputs

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column by which rows can be told apart.

    Attributes:
        name: its heading.
        inputs: which inputs were made of it.
        categories: the words behind them; empty for numbers.
    """

    name: str
    inputs: tuple[int, ...]
    categories: tuple[str, ...] = ()


def is_table(trainer: Trainer) -> bool:
    """Whether each input of a row is a number with a meaning of its own, not a pixel or a token."""
    return len(trainer.split.feature_shape) == 1 and not image_shape(trainer)[0] and not has_symbols(trainer)


def table_columns(trainer: Trainer) -> tuple[TableColumn, ...]:
    """The columns, in the order of the table; none for pictures, series and texts."""
    if not is_table(trainer):
        return ()
    train = trainer.split.train
    if train.raw is not None:
        return tuple(TableColumn(f"x{k + 1}", (k,)) for k in range(train.raw.shape[1]))
    places = {name: place for place, name in enumerate(train.feature_names)}
    found = [each for column in train.columns for each in _read(column, places)]
    return tuple(found) or tuple(TableColumn(name, (place,)) for name, place in places.items())


def input_columns(trainer: Trainer) -> tuple[TableColumn, ...]:
    """The columns by the inputs of the network that were made of them, where those are derived from a point, too."""
    if trainer.split.train.raw is None or not is_table(trainer):
        return table_columns(trainer)
    return tuple(TableColumn(name, (k,)) for k, name in enumerate(column_names(trainer)))


def _read(column: Column, places: Mapping[str, int]) -> list[TableColumn]:
    """A column of words as one; each of the inputs made of a date or number by itself."""
    inputs = tuple(places[name] for name in column.inputs if name in places)
    if column.categories and inputs:
        return [TableColumn(column.name, inputs, column.categories)]
    return [TableColumn(column.name if len(inputs) == 1 else name, (places[name],)) for name in column.inputs]


def slice_column(trainer: Trainer, data: Dataset, rows: NDArray[np.int64], column: TableColumn) -> tuple[Slice, ...]:
    """Rows of a part of the data by what they have in a column."""
    values = raw_inputs(trainer, data)[rows][:, list(column.inputs)]
    if not column.categories:
        return slice_by_number(values[:, 0])
    one_hot = values.shape[1] > 1 or len(column.categories) == 1
    codes = _find_words(values) if one_hot else np.rint(values[:, 0]).astype(np.int64)
    none = len(column.categories)  # the place of rows that have none of the words
    return slice_by_category(np.where((codes < 0) | (codes > none), none, codes), (*column.categories, "other words"))


def _find_words(values: Array) -> NDArray[np.int64]:
    return np.where(values.max(axis=1) > 0.5, values.argmax(axis=1), -1)
