"""Numba intrinsics: pointers, calls by address, atomics. Imported in the compiling process only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import extending

from nnplay.kernels.compile.jit import DTYPE, ON_CARD

types: Any = numba.types

_REAL_TYPE = numba.from_dtype(DTYPE)
_NUMBER_POINTER = types.CPointer(_REAL_TYPE)
_INT_POINTER = types.CPointer(types.int64)
_I64 = ir.IntType(64)
#: The number of the system's clock that nobody sets.
_CLOCK = time.CLOCK_MONOTONIC


def intrinsic(function: Callable[..., Any]) -> Any:
    """Declares a Numba intrinsic; `function` takes the typing context first, its callers do not."""
    return extending.intrinsic(function)


@intrinsic
def shifted(typing: Any, pointer: Any, count: Any) -> Any:
    """`pointer + count` elements."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), emit


@intrinsic
def integers_at(typing: Any, address: Any) -> Any:
    """The int64 array that starts at an absolute address."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], _I64.as_pointer())

    return _INT_POINTER(types.int64), emit


@intrinsic
def numbers_at(typing: Any, address: Any) -> Any:
    """The array of the tape's type that starts at an absolute address."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(_NUMBER_POINTER))

    return _NUMBER_POINTER(types.int64), emit


@intrinsic
def doubles_at(typing: Any, address: Any) -> Any:
    """The float64 array that starts at an absolute address."""
    pointer = types.CPointer(types.float64)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(pointer))

    return pointer(types.int64), emit


@intrinsic
def address_of(typing: Any, pointer: Any) -> Any:
    """The absolute address of a pointer."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], _I64)

    return types.int64(pointer), emit


@intrinsic
def call(typing: Any, address: Any, row: Any, clock: Any, memory: Any, part: Any) -> Any:
    """Calls the kernel at `address` with the four arguments that every kernel takes."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        shape = ir.FunctionType(ir.VoidType(), [value.type for value in args[1:]])
        function = builder.inttoptr(args[0], shape.as_pointer())
        builder.call(function, args[1:])
        return context.get_dummy_value()

    return types.void(types.int64, row, clock, memory, types.int64), emit


@intrinsic
def ask(typing: Any, address: Any) -> Any:
    """What the C function at `address`, `int f(void)`, returns."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = builder.inttoptr(args[0], ir.FunctionType(ir.IntType(32), []).as_pointer())
        return builder.sext(builder.call(function, []), _I64)

    return types.int64(types.int64), emit


@intrinsic
def fetch_add(typing: Any, cells: Any, index: Any, amount: Any) -> Any:
    """Adds to `cells[index]` atomically and returns what was there before."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", builder.gep(args[0], [args[1]]), args[2], "acq_rel")

    return types.int64(cells, types.int64, types.int64), emit


@intrinsic
def fetch_or(typing: Any, cells: Any, index: Any, bits: Any) -> Any:
    """Sets bits of `cells[index]` atomically and returns what was there before."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.atomic_rmw("or", builder.gep(args[0], [args[1]]), args[2], "acq_rel")

    return types.int64(cells, types.int64, types.int64), emit


@intrinsic
def load_acquire(typing: Any, cells: Any, index: Any) -> Any:
    """Reads `cells[index]`, together with everything written before it was stored."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load_atomic(builder.gep(args[0], [args[1]]), "acquire", 8)

    return types.int64(cells, types.int64), emit


@intrinsic
def store_release(typing: Any, cells: Any, index: Any, value: Any) -> Any:
    """Writes `cells[index]` after everything that this thread wrote before."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store_atomic(args[2], builder.gep(args[0], [args[1]]), "release", 8)
        return context.get_dummy_value()

    return types.void(cells, types.int64, types.int64), emit


@intrinsic
def multiply_add(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c in the type of a, rounded once."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        name = f"llvm.fma.{'f32' if kind == ir.FloatType() else 'f64'}"
        function = builder.module.globals.get(name)
        return builder.call(function or ir.Function(builder.module, ir.FunctionType(kind, [kind] * 3), name), args)

    return a(a, a, a), emit


@intrinsic
def quotient(typing: Any, a: Any, b: Any) -> Any:
    """a // b of numbers from 0 that have 32 bits."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = [builder.trunc(value, ir.IntType(32)) for value in args]
        return builder.zext(builder.udiv(*narrow), _I64)

    return types.int64(types.int64, types.int64), emit


@intrinsic
def mark_not_finite(typing: Any, found: Any, x: Any) -> Any:
    """`found`, or 1 where x is infinite or not a number; an integer, so that a loop over it may take any order."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[1].type
        narrow = DTYPE is np.float32
        name = ("__nv_fabsf" if narrow else "__nv_fabs") if ON_CARD else f"llvm.fabs.{'f32' if narrow else 'f64'}"
        function = builder.module.globals.get(name) or ir.Function(builder.module, ir.FunctionType(kind, [kind]), name)
        wrong = builder.fcmp_unordered(">=", builder.call(function, [args[1]]), kind(float("inf")))
        return builder.or_(args[0], builder.zext(wrong, ir.IntType(32)))

    return types.int32(types.int32, _REAL_TYPE), emit


@intrinsic
def nanoseconds(typing: Any) -> Any:
    """A clock that only goes forward."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), _I64.as_pointer()])
        name = "clock_gettime"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        with builder.goto_entry_block():
            parts = builder.alloca(_I64, 2)
        builder.call(function, [ir.IntType(32)(_CLOCK), parts])
        seconds, rest = (builder.load(builder.gep(parts, [ir.IntType(32)(place)])) for place in (0, 1))
        return builder.add(builder.mul(seconds, _I64(1_000_000_000)), rest)

    return types.int64(), emit


#: Gives the rest of this thread's time slice to others.
yield_processor = types.ExternalFunction("sched_yield", types.int32())
