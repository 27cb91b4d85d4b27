"""Subnormal numbers counted as 0 while rows run. Imported in the compiling process only."""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils

from nnplay.kernels.compile.intrinsics import intrinsic

_I32 = ir.IntType(32)
#: "Flush to zero" and "denormals are zero" in the control register of the vector unit.
_FLUSH = 0x8040


@intrinsic
def flush_subnormals(typing: Any) -> Any:
    """From here on, results and operands too small for full precision count as 0; returns what `restore_modes` needs.

    Arithmetic on subnormal numbers takes a hundred times as long, and a network that has learned is full of them.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not llvm.get_process_triple().startswith("x86_64"):
            return _I32(0)
        place = builder.alloca(_I32)
        _modes(builder, "stmxcsr", place)
        before = builder.load(place)
        builder.store(builder.or_(before, _I32(_FLUSH)), place)
        _modes(builder, "ldmxcsr", place)
        return before

    return types.int32(), emit


@intrinsic
def restore_modes(typing: Any, before: Any) -> Any:
    """Treats subnormal numbers as the caller did."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if llvm.get_process_triple().startswith("x86_64"):
            place = builder.alloca(_I32)
            builder.store(args[0], place)
            _modes(builder, "ldmxcsr", place)
        return context.get_dummy_value()

    return types.void(types.int32), emit


def _modes(builder: Any, action: str, place: Any) -> None:
    """Stores or loads the control register of the vector unit."""
    pointer = ir.IntType(8).as_pointer()
    shape = ir.FunctionType(ir.VoidType(), [pointer])
    function = cgutils.get_or_insert_function(builder.module, shape, f"llvm.x86.sse.{action}")
    builder.call(function, [builder.bitcast(place, pointer)])
