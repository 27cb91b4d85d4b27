"""The columns of a data set as people know them, and what is counted of each."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import find_missing
from nnplay.data.columns.columns import Column
from nnplay.data.corpus.vocabulary import Vocabulary
from nnplay.data.dataset import Dataset
from nnplay.data.profile.histogram import BINS, Histogram, count_numbers, count_words
from nnplay.detection.objects import object_labels
from nnplay.text import clean, counted

Role = Literal["feature", "target", "ignored"]
#: Kinds of encoded columns as people would call what is in them.
_KINDS: Final = {"number": "number", "indicator": "number", "one_hot": "words", "binary": "words", "ordinal": "words"}
_BLOCK: Final = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class ProfiledColumn:
    """One column; another object is another column, also where it says the same.

    Attributes:
        name: its header, made safe to show.
        role: whether the network gets it, learns it, or never sees it.
        kind: what is in it: "number", "words", "date", "token", "classes", or "" where nobody looked.
        number: its place in the table; -1 where the data are no table.
        start, stop: which network inputs are made of it; which target, for a target.
        column: how a table's column was encoded.
    """

    name: str
    role: Role
    kind: str
    number: int = -1
    start: int = 0
    stop: int = 0
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What is counted of a column.

    Attributes:
        missing: cells that say nothing.
        distinct: different values.
    """

    missing: int
    distinct: int
    histogram: Histogram


def profile_columns(data: Dataset) -> tuple[ProfiledColumn, ...]:
    """The columns of a table in its order; of other data the inputs that have names, and the targets."""
    if data.table is not None and data.columns:
        return _table_columns(data)
    flat = len(data.feature_shape) == 1
    kind = "number" if data.vocabulary is None else "token"
    inputs = [
        ProfiledColumn(clean(name), "feature", kind, start=place, stop=place + 1)
        for place, name in enumerate(data.feature_names if flat else ())
    ]
    return (*inputs, *_target_columns(data))


def _table_columns(data: Dataset) -> tuple[ProfiledColumn, ...]:
    assert data.table is not None
    places = {name: place for place, name in enumerate(data.table.names)}
    found: list[ProfiledColumn] = []
    start = 0
    for column in data.columns:
        number = places.get(column.name, -1)
        if column.kind == "target":
            target = data.target_names.index(column.name) if column.name in data.target_names else 0
            kind = "classes" if data.task == "classification" else _kind_of(column, "number")
            found.append(ProfiledColumn(clean(column.name), "target", kind, number, target, target + 1, column))
            continue
        stop = start + len(column.inputs)
        role: Role = "feature" if column.inputs else "ignored"
        found.append(ProfiledColumn(clean(column.name), role, _kind_of(column), number, start, stop, column))
        start = stop
    return tuple(found)


def _kind_of(column: Column, otherwise: str = "") -> str:
    kind = _KINDS.get(column.kind, otherwise)
    return "date" if kind == "number" and column.note.startswith("dates") else kind


def _target_columns(data: Dataset) -> list[ProfiledColumn]:
    if data.task == "regression":
        return [
            ProfiledColumn(clean(name), "target", "number", start=place, stop=place + 1)
            for place, name in enumerate(data.target_names)
        ]
    if data.task == "detection":
        return [ProfiledColumn("objects", "target", "classes", stop=1)]
    kind = "classes" if data.y.ndim == 1 else f"{data.y[0].size:,} {'classes' if data.y.ndim == 2 else 'pixels'}"
    return [ProfiledColumn("class", "target", kind, stop=1)]


def token_names(vocabulary: Vocabulary) -> tuple[str, ...]:
    """The tokens by their numbers, none of them invisible: a blank is `_`."""
    return tuple(visible(name) for name in vocabulary.names)


def visible(name: str) -> str:
    """A name that can be seen, where it is nothing but blanks."""
    return "_" * len(name) if name.isspace() else name


def measure_column(data: Dataset, column: ProfiledColumn) -> ColumnFacts:
    """Missing and different values of a column, and how often they occur; takes a look at every row."""
    if column.role == "target":
        return _measure_target(data, column)
    if column.role == "ignored":
        return _measure_cells(data, column)
    encoded = column.column
    x = data.x[:, column.start : column.stop]
    if data.vocabulary is not None:
        names = token_names(data.vocabulary)
        times = np.bincount(x[:, 0].astype(np.int64), minlength=len(names))
        return ColumnFacts(0, int(np.count_nonzero(times)), count_words(names, times.tolist()))
    if encoded is None or encoded.kind in ("number", "indicator"):
        return _measure_numbers(x[:, 0], 0 if encoded is None else encoded.missing)
    counts: NDArray[Any]
    if encoded.kind == "one_hot":
        counts = np.count_nonzero(x, axis=0)
    else:
        counts = np.bincount(x[:, 0].astype(np.int64), minlength=len(encoded.categories))
    return ColumnFacts(encoded.missing, len(encoded.categories), count_words(encoded.categories, counts.tolist()))


def _measure_numbers(values: NDArray[Any], missing: int) -> ColumnFacts:
    known = values[np.isfinite(values)]
    ordered = np.sort(known)
    distinct = int(known.size > 0) + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
    return ColumnFacts(missing, distinct, count_numbers(known))


def _measure_target(data: Dataset, column: ProfiledColumn) -> ColumnFacts:
    if data.task == "regression":
        return _measure_numbers(data.y[:, column.start], 0)
    labels = object_labels(data.y)[0] if data.task == "detection" else data.y.ravel().astype(np.int64)
    counts = np.bincount(labels, minlength=data.outputs)
    return ColumnFacts(
        0, int(np.count_nonzero(counts)), count_words([visible(name) for name in data.class_names], counts.tolist())
    )


def _measure_cells(data: Dataset, column: ProfiledColumn) -> ColumnFacts:
    assert data.table is not None
    counts: Counter[str] = Counter()
    for start in range(0, len(data), _BLOCK):  # a screen wants to be drawn between two blocks
        counts.update(data.table.cells(column.number, start, min(len(data), start + _BLOCK)))
    gone = find_missing(counts) | ({""} & counts.keys())
    missing = sum(counts[word] for word in gone)
    known = {word: count for word, count in counts.items() if word not in gone}
    common = heapq.nlargest(BINS, known.items(), key=lambda item: item[1])
    shown = count_words([clean(word) for word, _ in common], [count for _, count in common])
    others = sum(known.values()) - sum(shown.counts)
    return ColumnFacts(missing, len(known), replace(shown, others=others))


def describe_columns(columns: tuple[ProfiledColumn, ...]) -> str:
    """How many columns have which role: "7 features, 1 target, 1 left out"."""
    roles = Counter(column.role for column in columns)
    noun = "token" if any(column.kind == "token" for column in columns) else "feature"
    parts = [counted(roles["feature"], noun)] if roles["feature"] else []
    parts += [counted(roles["target"], "target")] if roles["target"] else []
    parts += [f"{roles['ignored']:,} left out"] if roles["ignored"] else []
    return ", ".join(parts)
