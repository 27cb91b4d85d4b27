"""Sobol: points that fill a space evenly (Sobol, 1967; directions of Joe and Kuo, 2008)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.errors import InputError
from nnplay.sweeps.sampler import USUAL_TRIALS, Choosing, SamplerRecord
from nnplay.sweeps.trial import Trial

if TYPE_CHECKING:
    from nnplay.sweeps.sweep import Sweep

#: Of each dimension from the second on: the polynomial's coefficients as a number, and its first directions.
_DIRECTIONS: Final[Sequence[tuple[int, tuple[int, ...]]]] = (
    (0, (1,)),
    (1, (1, 3)),
    (1, (1, 3, 1)),
    (2, (1, 1, 1)),
    (1, (1, 1, 3, 3)),
    (4, (1, 3, 5, 13)),
    (2, (1, 1, 5, 5, 17)),
    (4, (1, 1, 5, 5, 5)),
    (7, (1, 1, 7, 11, 19)),
    (11, (1, 1, 5, 1, 1)),
    (13, (1, 1, 1, 3, 11)),
    (14, (1, 3, 5, 5, 31)),
    (1, (1, 3, 3, 9, 7, 49)),
    (13, (1, 1, 1, 15, 21, 21)),
    (16, (1, 3, 1, 13, 27, 49)),
)
_BITS: Final = 30
_STREAM: Final = 0x300000

SOBOL = SamplerRecord(
    name="sobol",
    title="Sobol",
    about="Points that fill the space more evenly than random ones; the seed shifts all of them.",
    when="For two to sixteen settings with a range each: the same trials cover more than random ones.",
    choose=lambda sweep, values: choose(sweep, values),
    check=lambda sweep: check(sweep),
)


def choose(sweep: Sweep, values: dict[str, Any]) -> Choosing:
    """All trials at once."""
    count = sweep.trials or USUAL_TRIALS
    drawn = rng.bits(sweep.seed, _STREAM, 0, np.arange(len(sweep.axes), dtype=np.int64))
    places = (points(count, len(sweep.axes)) + drawn.astype(np.float64) * 2.0**-32) % 1.0
    columns = [axis.at(places[:, number]) for number, axis in enumerate(sweep.axes)]
    names = [axis.name for axis in sweep.axes]
    rows = zip(*columns, strict=True)
    yield [Trial(number, dict(zip(names, found, strict=True))) for number, found in enumerate(rows)]


def check(sweep: Sweep) -> None:
    """Refuses more settings than there are directions for."""
    most = len(_DIRECTIONS) + 1
    if len(sweep.axes) > most:
        raise InputError(f"sobol changes up to {most} settings at once", where="--sampler", hint="use random")


def points(count: int, dimensions: int) -> NDArray[np.float64]:
    """The first points (count, dimensions) of the sequence, each number from 0 up to 1, in Gray-code order."""
    found = np.zeros((count, dimensions), np.int64)
    for dimension in range(dimensions):
        directions = _directions(dimension)
        value = 0
        for number in range(1, count):
            value ^= directions[((~(number - 1)) & number).bit_length() - 1]
            found[number, dimension] = value
    return np.asarray(found * 2.0**-_BITS, np.float64)


def _directions(dimension: int) -> list[int]:
    """The direction numbers of a dimension (from 0), as whole numbers of `_BITS` bits."""
    if dimension == 0:
        return [1 << (_BITS - 1 - place) for place in range(_BITS)]
    coefficients, first = _DIRECTIONS[dimension - 1]
    degree = len(first)
    found = [number << (_BITS - 1 - place) for place, number in enumerate(first)]
    for place in range(degree, _BITS):
        value = found[place - degree] ^ (found[place - degree] >> degree)
        for back in range(1, degree):
            if (coefficients >> (degree - 1 - back)) & 1:
                value ^= found[place - back]
        found.append(value)
    return found
