"""Short rows of neighbouring numbers, copied or added with masked vectors. Compiling process only.

Channels are often fewer than a vector is long; LLVM then takes them one by one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from nnplay.kernels import tile as flat
from nnplay.kernels.compile.intrinsics import intrinsic


@intrinsic
def put(typing: Any, target: Any, source: Any, width: Any, add: Any) -> Any:
    """target = source, or target += source where `add` is 1, for `width` numbers, 1 to LANES; no others are touched."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        target, source, width, add = args
        lanes = flat._Lanes(builder, width)
        value = lanes.load(builder, source, 0, True)
        with builder.if_else(builder.trunc(add, ir.IntType(1))) as (adding, setting):
            with adding:
                lanes.store(builder, builder.fadd(lanes.load(builder, target, 0, True), value), target, 0, True)
            with setting:
                lanes.store(builder, value, target, 0, True)
        return context.get_dummy_value()

    return types.void(flat._POINTER, flat._POINTER, types.int64, types.int64), emit
