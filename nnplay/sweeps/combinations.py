"""Every combination of the values of some axes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from nnplay.sweeps.axis import Axis, Value


def combinations(axes: Sequence[Axis], most: int | None = None) -> list[dict[str, Value]]:
    """The values of every combination; the last axis changes fastest.

    Raises:
        InputError: a range of which nobody said how many values a grid takes.
    """
    names = [axis.name for axis in axes]
    every = itertools.product(*(axis.grid() for axis in axes))
    return [dict(zip(names, found, strict=True)) for found in itertools.islice(every, most)]
