"""What layers share that put a border around pictures and sequences, or take it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Final

from nnplay.operations.border import border_of
from nnplay.operations.window_geometry import need_places, per_axis
from nnplay.records.layer import Case, Plan, Refused
from nnplay.records.operation import Operation, Shape, Use


def borders_of(values: Mapping[str, Any], shape: Shape) -> tuple[int, ...]:
    """The field `border`, for each axis of places of a picture (height, width, channels) or a sequence.

    Raises:
        InputError: no places, or another count of numbers than of axes.
    """
    need_places(shape)
    return per_axis(values["border"], len(shape) - 1, "border")


def border_plan(
    there: Operation, back: Operation, borders: Sequence[int], inside: Shape, output: Shape, outside: Shape
) -> Plan:
    """The plan of a layer that goes `there`, from inside to outside or the other way, and whose gradient goes `back`.

    Args:
        inside, outside: shapes without and with the border.
        output: that of the two in which it ends.
    """
    integers = border_of([(border, size, border) for border, size in zip(borders, inside, strict=False)])
    cost = prod(outside)
    return Plan(
        output=output,
        forward=(Use(there, integers, cost),),
        backward=(Use(back, integers, cost, {"x": "dy", "y": "dx"}),),
    )


CASES: Final = (
    Case({}, (3, 4, 2)),
    Case({"border": (2, 1)}, (5, 3, 3)),
    Case({"border": 2}, (7, 2)),
    Case({"border": (0, 1)}, (3, 5, 1)),
)
REFUSED: Final = (
    Refused({}, (5,), "has no axes besides its channels"),
    Refused({"border": (1, 1)}, (5, 2), "2 numbers for 1 axis"),
    Refused({"border": -1}, (5, 2), "≥ 0"),
)
