"""Numba intrinsics on single float32 numbers that LLVM keeps as they are and vectorises. Compiling process only.

They are calls and bit operations that `reassoc` does not look through, so the split of a constant into a high and a low
part survives; none is undefined for NaN or infinity, as a conversion to an integer would be.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from nnplay.kernels.compile.intrinsics import intrinsic

_I32 = ir.IntType(32)
_F32 = ir.FloatType()
#: 1.5 · 2²³: added to a whole number below 2²², it leaves that number in the low bits.
_WHOLE = 12582912.0
#: The bits of √½: numbers between √½ and √2 count as 2⁰.
_ROOT_HALF = 0x3F3504F3
_SIGNED = types.float32(types.float32)


def _call(builder: Any, name: str, args: Any) -> Any:
    function = ir.FunctionType(_F32, [_F32] * len(args))
    callee = builder.module.globals.get(name) or ir.Function(builder.module, function, name)
    return builder.call(callee, args)


@intrinsic
def nearest(typing: Any, x: Any) -> Any:
    """The whole number nearest to x."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _call(builder, "llvm.rint.f32", args)

    return _SIGNED, emit


@intrinsic
def multiply_add(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c, fused where the processor can, never rearranged."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _call(builder, "llvm.fmuladd.f32", args)

    return types.float32(types.float32, types.float32, types.float32), emit


@intrinsic
def times_power_of_two(typing: Any, x: Any, n: Any) -> Any:
    """x·2ⁿ for a whole number n, by adding n to the exponent bits; nonsense where the result is not a normal number."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = builder.bitcast(builder.fadd(args[1], _F32(_WHOLE)), _I32)
        bits = builder.add(builder.bitcast(args[0], _I32), builder.shl(whole, _I32(23)))
        return builder.bitcast(bits, _F32)

    return types.float32(types.float32, types.float32), emit


@intrinsic
def exponent_of(typing: Any, x: Any) -> Any:
    """e of a normal positive x = m·2ᵉ with m between √½ and √2, as float32."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        above = builder.sub(builder.bitcast(args[0], _I32), _I32(_ROOT_HALF))
        return builder.sitofp(builder.ashr(above, _I32(23)), _F32)

    return _SIGNED, emit


@intrinsic
def mantissa_of(typing: Any, x: Any) -> Any:
    """m of a normal positive x = m·2ᵉ with m between √½ and √2."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        above = builder.sub(builder.bitcast(args[0], _I32), _I32(_ROOT_HALF))
        bits = builder.add(builder.and_(above, _I32(0x007FFFFF)), _I32(_ROOT_HALF))
        return builder.bitcast(bits, _F32)

    return _SIGNED, emit
