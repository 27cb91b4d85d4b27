"""Subnormal numbers counted as 0 while rows run. Imported in the compiling process only."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from nnplay.kernels.compile import processor
from nnplay.kernels.compile.intrinsics import intrinsic

_I32, _I64 = ir.IntType(32), ir.IntType(64)
#: "Flush to zero" and "denormals are zero" in the control register of x86-64's vector unit.
_X86_FLUSH = 0x8040
#: "Flush to zero", for operands too, in AArch64's.
_AARCH64_FLUSH = 1 << 24
#: What LLVM calls reading and writing that register.
_AARCH64_READ, _AARCH64_WRITE = "llvm.aarch64.get.fpcr", "llvm.aarch64.set.fpcr"


@intrinsic
def flush_subnormals(typing: Any) -> Any:
    """From here on, results and operands too small for full precision count as 0; returns what `restore_modes` needs.

    Arithmetic on subnormal numbers takes a hundred times as long, and a network that has learned is full of them.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        family = processor.architecture()
        before = _read(builder, family)
        if family == "x86_64":
            _write(builder, family, builder.or_(before, _I32(_X86_FLUSH)))
        elif family == "aarch64":
            _write(builder, family, builder.or_(before, _I32(_AARCH64_FLUSH)))
        return before

    return types.int32(), emit


@intrinsic
def restore_modes(typing: Any, before: Any) -> Any:
    """Treats subnormal numbers as the caller did."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _write(builder, processor.architecture(), args[0])
        return context.get_dummy_value()

    return types.void(types.int32), emit


def _read(builder: Any, family: str) -> Any:
    """The control register of the vector unit; 0 on processors of other families."""
    if family == "x86_64":
        place = builder.alloca(_I32)
        _x86(builder, "stmxcsr", place)
        return builder.load(place)
    if family == "aarch64":
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_I64, []), _AARCH64_READ)
        return builder.trunc(builder.call(function, []), _I32)
    return _I32(0)


def _write(builder: Any, family: str, value: Any) -> None:
    """Sets the control register of the vector unit; nothing on processors of other families."""
    if family == "x86_64":
        place = builder.alloca(_I32)
        builder.store(value, place)
        _x86(builder, "ldmxcsr", place)
    elif family == "aarch64":
        shape = ir.FunctionType(ir.VoidType(), [_I64])
        function = cgutils.get_or_insert_function(builder.module, shape, _AARCH64_WRITE)
        builder.call(function, [builder.zext(value, _I64)])


def _x86(builder: Any, action: str, place: Any) -> None:
    """Stores or loads the control register."""
    pointer = ir.IntType(8).as_pointer()
    shape = ir.FunctionType(ir.VoidType(), [pointer])
    function = cgutils.get_or_insert_function(builder.module, shape, f"llvm.x86.sse.{action}")
    builder.call(function, [builder.bitcast(place, pointer)])
