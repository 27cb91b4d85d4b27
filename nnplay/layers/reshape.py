"""Reshape: the same numbers in the same order, on other axes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integers
from nnplay.operations.copy import copy
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Operation, Shape, Use, shape_text
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term

RESHAPE = LayerRecord(
    name="reshape",
    title="Reshape",
    family="shape",
    about="Rearranges the same values on other axes: 64 numbers as an 8×8 image with 1 channel.",
    when="To turn a row of numbers back into an image or a sequence, or a strip of frames into a clip for conv3d.",
    torch="Unflatten (channels last)",
    twin=Twin(
        "nn.Unflatten",
        lambda values, shape: {"dim": 1, "unflattened_size": values["shape"]},
        covers=lambda values, shape: len(shape) == 1 and not isinstance(values["shape"], int),
    ),
    fields=(integers("shape", REQUIRED, "sizes of the new axes, such as 8x8x1; -1: what is left, as in -1x9", low=-1),),
    traits=Traits(change="linear"),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"shape": (2, 3, 1)}, (6,)),
        Case({"shape": 24}, (3, 4, 2)),
        Case({"shape": (4, 6)}, (3, 4, 2)),
        Case({"shape": 1}, (1,)),
        Case({"shape": (-1, 4)}, (3, 4, 2)),
        Case({"shape": (3, 2, 4, 2)}, (6, 4, 2)),
    ),
    refused=(
        Refused({"shape": (4, 4)}, (12,), "4×4 has 16 values, the input 12 has 12; try 4x3"),
        Refused({"shape": (5, 2)}, (12,), "try 12"),
        Refused({"shape": (1, 2, 3, 2, 1)}, (12,), "one to four"),
        Refused({"shape": (0, 2)}, (12,), "0×2 has an axis of size 0"),
        Refused({"shape": (-1, 2, -1)}, (12,), "more than one"),
        Refused({"shape": (-1, 5)}, (12,), "12 values are not a multiple of 5"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, *shape), the same count of numbers in the same order; no parameters.

    Raises:
        InputError: another count of numbers, or more than four axes.
    """
    wanted = values["shape"] if isinstance(values["shape"], tuple) else (values["shape"],)
    if len(wanted) > 4:
        raise InputError(f"{shape_text(wanted)} has {len(wanted)} axes", hint="use one to four, such as 8x8x1")
    count = prod(shape)
    wanted = _fill(wanted, count)
    if prod(wanted) != count:
        rest = prod(wanted[:-1])
        fits = [*wanted[:-1], count // rest] if count % rest == 0 else [count]
        what = f"{shape_text(wanted)} has {prod(wanted)} values, the input {shape_text(shape)} has {count}"
        raise InputError(what, hint=f"try {'x'.join(str(size) for size in fits)}")
    forward = _moved("reshape", "x", "y", shape, wanted, "Rearranges the same values on other axes; computes nothing.")
    back = _moved("reshape backward", "dy", "dx", wanted, shape, "Every gradient goes back to where its value was.")
    return Plan(output=wanted, forward=(Use(forward, cost=count),), backward=(Use(back, cost=count),))


def _fill(wanted: Shape, count: int) -> Shape:
    """The sizes with what is left in place of -1."""
    if 0 in wanted:
        raise InputError(
            f"{shape_text(wanted)} has an axis of size 0", hint="use sizes from 1, and -1 for what is left"
        )
    if -1 not in wanted:
        return wanted
    if wanted.count(-1) > 1:
        raise InputError(f"{shape_text(wanted)} leaves more than one axis open", hint="write -1 once")
    rest = -prod(wanted)
    if count % rest:
        raise InputError(f"{count:,} values are not a multiple of {rest:,}", hint=f"try {count}, or a divisor of it")
    return tuple(count // rest if size == -1 else size for size in wanted)


def _moved(name: str, read: str, write: str, source: Shape, target: Shape, words: str) -> Operation:
    """A row that hands numbers from one shape to another."""

    def element(at: tuple[int, ...], x: Named) -> Term:
        number = int(np.ravel_multi_index(at[1:], target))
        return x[(at[0], *(int(place) for place in np.unravel_index(number, source)))]

    return Operation(
        name=name,
        kernel=copy,
        cuda=(NumberRow(copy),),
        reads=(read,),
        writes=(write,),
        reference=lambda x: x.reshape(len(x), *target),
        formula=f"{write} = {read}, value by value",
        words=words,
        element=element,
        torch="torch.reshape",
    )
