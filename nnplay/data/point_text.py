"""Points of the plane with their classes as text, as a run keeps points that were drawn: `-1.5,2:0 3,0.25:1`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nnplay.errors import InputError
from nnplay.text import clean

#: Points of one run.
MOST_POINTS: Final = 2000
MOST_CLASSES: Final = 10
#: How far from the centre a point may lie, in both directions.
FARTHEST: Final = 6.0
_DIGITS: Final = 2


@dataclass(frozen=True, slots=True)
class Point:
    """A place (x1, x2) in the plane, and its class."""

    x: float
    y: float
    label: int


def write_points(points: Sequence[Point]) -> str:
    """The points as text; places to a hundredth, which no screen shows."""
    return " ".join(f"{round(one.x, _DIGITS):g},{round(one.y, _DIGITS):g}:{one.label}" for one in points)


def read_points(text: str, where: str) -> list[Point]:
    """The points of a text.

    Raises:
        InputError: a part is no point, or lies outside the plane, or there are too many.
    """
    parts = text.split()
    if len(parts) > MOST_POINTS:
        raise InputError(f"{len(parts):,} points, at most {MOST_POINTS:,} are kept", where=where)
    return [_read_point(part, where) for part in parts]


def _read_point(part: str, where: str) -> Point:
    place, _, label = part.partition(":")
    try:
        x, y = (float(number) for number in place.split(","))
        found = Point(x, y, int(label))
    except ValueError:
        raise InputError(
            f"'{clean(part, 40)}' is not a point", where=where, hint="write x1,x2:class, as in 1.5,-2:0"
        ) from None
    if not (abs(found.x) <= FARTHEST and abs(found.y) <= FARTHEST):
        hint = f"both numbers are from {-FARTHEST:g} to {FARTHEST:g}"
        raise InputError(f"'{clean(part, 40)}' lies outside the plane", where=where, hint=hint)
    if not 0 <= found.label < MOST_CLASSES:
        raise InputError(f"'{clean(part, 40)}' has no class from 0 to {MOST_CLASSES - 1}", where=where)
    return found
