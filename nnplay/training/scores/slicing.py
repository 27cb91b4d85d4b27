"""Rows in slices: by category, or by where a number stands among the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import figure

Array = NDArray[Any]
#: Slices of a number.
QUANTILES: Final = 4
#: Slices of a category; rows of rarer ones are one slice together.
MOST_CATEGORIES: Final = 12


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the rows.

    Attributes:
        name: what they have in common.
        rows: (n,) their numbers.
    """

    name: str
    rows: NDArray[np.int64]


def slice_by_number(values: Array, parts: int = QUANTILES) -> tuple[Slice, ...]:
    """Rows in about equal parts by a number (N,), those of equal numbers together; few numbers are a slice each."""
    known = np.unique(values)
    if len(known) <= parts:
        return tuple(Slice(figure(float(value)), np.flatnonzero(values == value)) for value in known)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, parts + 1)[1:-1]))
    place = np.searchsorted(edges, values)  # a row on an edge belongs to the lower part
    found = (np.flatnonzero(place == part) for part in range(len(edges) + 1))
    return tuple(Slice(_range(values[rows]), rows) for rows in found if len(rows))


def _range(values: Array) -> str:
    low, high = figure(float(values.min())), figure(float(values.max()))
    return low if low == high else f"{low} to {high}"


def slice_by_category(labels: Array, names: Sequence[str]) -> tuple[Slice, ...]:
    """Rows by a label (N,), the commonest first; of many labels the rare ones are one slice."""
    counts = np.bincount(labels, minlength=len(names))
    order = [int(label) for label in np.argsort(-counts, kind="stable") if counts[label]]
    alone = order if len(order) <= MOST_CATEGORIES else order[: MOST_CATEGORIES - 1]
    found = [Slice(names[label], np.flatnonzero(labels == label)) for label in alone]
    rare = order[len(alone) :]
    return (*found, Slice("others", np.flatnonzero(np.isin(labels, rare)))) if rare else tuple(found)
