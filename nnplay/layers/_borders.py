"""What layers share that put a border around pictures and sequences, or take it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Final

from nnplay.fields import Field, integers
from nnplay.operations.border import border_of
from nnplay.operations.window_geometry import need_places, per_axis
from nnplay.records.layer import Case, Plan, Refused
from nnplay.records.operation import Operation, Shape, Use


def border_field(help: str) -> Field:
    """The field `border`: a number, one for each axis, or two for an axis; `help` says of what."""
    return integers("border", 1, f"{help}, 1, 1x2, or 0:1 for 0 before and 1 after", low=0, pairs=True)


def borders_of(values: Mapping[str, Any], shape: Shape) -> tuple[tuple[int, int], ...]:
    """The field `border`, before and after, for each axis of a picture or a sequence besides its channels.

    Raises:
        InputError: no places, or another count of numbers than of axes.
    """
    need_places(shape)
    given = per_axis(values["border"], len(shape) - 1, "border")
    return tuple(border if isinstance(border, tuple) else (border, border) for border in given)


def around(borders: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The same as PyTorch takes it: before and after of the last axis first."""
    return tuple(end for border in reversed(borders) for end in border)


def widened(shape: Shape, borders: Sequence[tuple[int, int]], by: int = 1) -> Shape:
    """The shape with the borders around it, or without them (`by` -1)."""
    return (*(size + by * sum(border) for border, size in zip(borders, shape, strict=False)), shape[-1])


def border_plan(
    there: Operation, back: Operation, borders: Sequence[tuple[int, int]], inside: Shape, output: Shape, outside: Shape
) -> Plan:
    """The plan of a layer that goes `there`, from inside to outside or the other way, and whose gradient goes `back`.

    Args:
        inside, outside: shapes without and with the border.
        output: that of the two in which it ends.
    """
    sides = border_of([(before, size, after) for (before, after), size in zip(borders, inside, strict=False)])
    cost = prod(outside)
    return Plan(
        output=output,
        forward=(Use(there, sides, cost),),
        backward=(Use(back, sides, cost, {"x": "dy", "y": "dx"}),),
    )


CASES: Final = (
    Case({}, (3, 4, 2)),
    Case({"border": (2, 1)}, (5, 3, 3)),
    Case({"border": ((1, 2),)}, (7, 2)),
    Case({"border": (0, 1)}, (3, 5, 1)),
)
REFUSED: Final = (
    Refused({}, (5,), "has no axes besides its channels"),
    Refused({"border": (1, 1)}, (5, 2), "2 numbers for 1 axis"),
    Refused({"border": -1}, (5, 2), "≥ 0"),
)
