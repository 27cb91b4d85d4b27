"""Pooling of 2×2 numbers with vectors of channels. Compiling process only.

Channels are often fewer than a vector is long, where LLVM falls back to single numbers; masked vectors don't.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from nnplay.kernels import tile as flat
from nnplay.kernels.compile.intrinsics import intrinsic

_I64 = ir.IntType(64)


@intrinsic
def largest_of_four(typing: Any, x: Any, across: Any, down: Any, y: Any, which: Any, width: Any) -> Any:
    """y = the largest of x, x + across, x + down, x + down + across; which = its number, for `width` ≤ LANES channels.

    The first of equal numbers is chosen; the first that is not a number counts as largest.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, across, down, y, which, width = args
        lanes = flat._Lanes(builder, width)
        best, chosen = lanes.load(builder, x, 0, True), flat._VECTOR(None)
        for number, place in enumerate(_places(builder, x, across, down)[1:], 1):
            value = lanes.load(builder, place, 0, True)
            larger = builder.fcmp_ordered(">", value, best)
            first_nan = builder.and_(
                builder.fcmp_unordered("uno", value, value), builder.fcmp_ordered("ord", best, best)
            )
            better = builder.or_(larger, first_nan)
            best = builder.select(better, value, best)
            chosen = builder.select(better, _number(number), chosen)
        lanes.store(builder, best, y, 0, True)
        lanes.store(builder, chosen, which, 0, True)
        return context.get_dummy_value()

    pointer, whole = flat._POINTER, types.int64
    return types.void(pointer, whole, whole, pointer, pointer, whole), emit


@intrinsic
def spread_to_four(typing: Any, dy: Any, which: Any, dx: Any, across: Any, down: Any, width: Any, add: Any) -> Any:
    """dx = dy at the chosen one of the four places and 0 at the others, or adds it, for `width` ≤ LANES channels."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        dy, which, dx, across, down, width, add = args
        lanes = flat._Lanes(builder, width)
        slope, chosen = lanes.load(builder, dy, 0, True), lanes.load(builder, which, 0, True)
        for number, place in enumerate(_places(builder, dx, across, down)):
            here = builder.fcmp_ordered("==", chosen, _number(number))
            value = builder.select(here, slope, flat._VECTOR(None))
            with builder.if_else(builder.trunc(add, ir.IntType(1))) as (adding, setting):
                with adding:
                    lanes.store(builder, builder.fadd(lanes.load(builder, place, 0, True), value), place, 0, True)
                with setting:
                    lanes.store(builder, value, place, 0, True)
        return context.get_dummy_value()

    pointer, whole = flat._POINTER, types.int64
    return types.void(pointer, pointer, pointer, whole, whole, whole, types.int64), emit


def _places(builder: Any, x: Any, across: Any, down: Any) -> list[Any]:
    return [x, *(builder.gep(x, [offset]) for offset in (across, down, builder.add(across, down)))]


def _number(value: int) -> Any:
    return flat._VECTOR([flat._REAL(float(value))] * flat.LANES)
