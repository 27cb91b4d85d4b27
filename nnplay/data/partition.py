"""Which row goes into which part: seeded shuffling, with the classes' shares kept where that is possible."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.advice import advice, in_python
from nnplay.errors import InputError
from nnplay.text import clean, counted, plural

PARTS = ("train", "validation", "test")
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Indices:
    """Row numbers (int64) of each part in the whole data set; a part that is not wanted is empty."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def part_sizes(rows: int, fractions: tuple[float, float, float]) -> tuple[int, int, int]:
    """How many rows each part gets; validation and test are rounded, training takes the rest.

    Raises:
        InputError: fractions that are negative, not finite, do not add up to 1, or round to no rows.
    """
    for name, fraction in zip(PARTS, fractions, strict=True):
        if isinstance(fraction, bool) or not isinstance(fraction, (int, float)) or not abs(fraction) < math.inf:
            raise InputError(f"{name} fraction '{clean(fraction)}' is not a number", where="split")
        if fraction < 0 or fraction > 1:
            raise InputError(f"{name} fraction {clean(fraction)} is not between 0 and 1", where="split")
    total = sum(fractions)
    if abs(total - 1.0) > TOLERANCE:
        shown = " + ".join(f"{fraction:g}" for fraction in fractions)
        raise InputError(f"train + validation + test = {shown} = {total:g}, not 1", where="split")
    if fractions[0] == 0:
        raise InputError("no rows are left for training", where="split", hint="train must be above 0")
    validation, test = (math.floor(rows * fraction + 0.5) for fraction in fractions[1:])
    sizes = (rows - validation - test, validation, test)
    for name, fraction, size in zip(PARTS, fractions, sizes, strict=True):
        if fraction > 0 and size < 1:
            noun = plural(rows, "row")
            word = "training" if name == "train" else name
            what = f"no row is left for {word}: {fraction:g} of {rows:,} {noun} is less than one"
            raise InputError(what, where="split", hint=_smaller_split(rows, fractions))
    return sizes


def _smaller_split(rows: int, fractions: tuple[float, float, float]) -> str:
    """The way to a split that so many rows can have: the parts without a row are left to training."""
    kept = [round(fraction, 4) if math.floor(rows * fraction + 0.5) else 0.0 for fraction in fractions[1:]]
    kept = kept if rows > 2 and math.floor(rows * (1 - sum(kept)) + 0.5) else [0.0, 0.0]
    parts = (round(1 - sum(kept), 4), *kept)
    if in_python():
        named = (f"{name}={part:g}" for name, part in zip(PARTS, parts, strict=True))
        return f"use {', '.join(named)}, or larger fractions"
    return f"use {advice('split', '/'.join(f'{100 * part:g}' for part in parts))}, or larger parts"


def deal(
    rows: int, sizes: tuple[int, int, int], seed: int, labels: NDArray[np.int64] | None, *, sequential: bool = False
) -> tuple[Indices, tuple[str, ...]]:
    """Rows dealt to parts of the given `sizes`, stratified by `labels` (N,) unless None; and notes about it.

    Args:
        sequential: they stay in their order, and each part is cut in one piece: training, validation, test.
    """
    if sequential:
        return _cut(np.arange(rows, dtype=np.int64), sizes), ()
    order = np.random.Generator(np.random.PCG64(seed)).permutation(rows).astype(np.int64)
    if labels is None:
        return _cut(order, sizes), ()
    ordered = np.sort(labels)
    present = ordered[np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))]  # np.unique would import numpy.ma
    if sizes[0] < len(present):
        return _cut(order, sizes), (
            f"too few training rows for {counted(len(present), 'class')}: the split ignores the classes",
        )
    return _deal_by_class(order, sizes, np.searchsorted(present, labels)), ()


def _cut(order: NDArray[np.int64], sizes: tuple[int, int, int]) -> Indices:
    train, validation, _ = sizes
    return Indices(order[:train], order[train : train + validation], order[train + validation :])


def _deal_by_class(order: NDArray[np.int64], sizes: tuple[int, int, int], labels: NDArray[np.int64]) -> Indices:
    counts = np.bincount(labels)
    validation = apportion(counts, sizes[1], counts - 1)
    test = apportion(counts, sizes[2], counts - 1 - validation)
    # Place of each shuffled row within its class: the first go to validation, the next to test, the rest to training.
    shuffled = labels[order]
    by_class = np.argsort(shuffled, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[by_class] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    to_validation = place < validation[shuffled]
    to_test = ~to_validation & (place < (validation + test)[shuffled])
    return Indices(order[~to_validation & ~to_test], order[to_validation], order[to_test])


def apportion(counts: NDArray[np.int64], total: int, capacity: NDArray[np.int64]) -> NDArray[np.int64]:
    """`total` seats shared out in proportion to `counts` by largest remainder, at most `capacity` each.

    `capacity` must add up to `total` at least.
    """
    quota = counts * (total / counts.sum())
    seats: NDArray[np.int64] = np.minimum(np.floor(quota + 1e-9).astype(np.int64), capacity)
    while (left := total - int(seats.sum())) > 0:
        open_to_more = np.flatnonzero(seats < capacity)
        first = open_to_more[np.argsort(seats[open_to_more] - quota[open_to_more], kind="stable")][:left]
        seats[first] += 1
    return seats
