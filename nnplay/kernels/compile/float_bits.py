"""Numba intrinsics on single numbers that LLVM keeps as they are and vectorises. Compiling process only.

None is undefined for NaN or infinity, as a conversion to an integer would be. All work on float32 and float64.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir

from nnplay.kernels.compile.intrinsics import intrinsic
from nnplay.kernels.compile.jit import ON_CARD


class _Form(NamedTuple):
    """A type of numbers.

    Attributes:
        name: in LLVM's names of functions.
        real, whole: numbers, and the integers of their size.
        fraction: bits behind the exponent.
        adder: 1.5 · 2 to that: added to a small whole number, it leaves that number in the low bits.
        root_half: the bits of √½: numbers between √½ and √2 count as 2⁰.
    """

    name: str
    real: Any
    whole: Any
    fraction: int
    adder: float
    root_half: int


_F32 = _Form("f32", ir.FloatType(), ir.IntType(32), 23, 12582912.0, 0x3F3504F3)
_F64 = _Form("f64", ir.DoubleType(), ir.IntType(64), 52, 6755399441055744.0, 0x3FE6A09E667F3BCD)


def _form(value: Any) -> _Form:
    return _F32 if value.type == _F32.real else _F64


@intrinsic
def nearest(typing: Any, x: Any) -> Any:
    """The whole number nearest to x."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        on_card = "__nv_rintf" if _form(args[0]) is _F32 else "__nv_rint"
        name = on_card if ON_CARD else f"llvm.rint.{_form(args[0]).name}"
        shape = ir.FunctionType(args[0].type, [args[0].type])
        return builder.call(builder.module.globals.get(name) or ir.Function(builder.module, shape, name), args)

    return x(x), emit


@intrinsic
def times_power_of_two(typing: Any, x: Any, n: Any) -> Any:
    """x·2ⁿ for a whole number n, by adding n to the exponent bits; nonsense where the result is not a normal number."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        form = _form(args[0])
        shifted = builder.fadd(args[1], form.real(form.adder))
        exponent = builder.shl(builder.bitcast(shifted, form.whole), form.whole(form.fraction))
        return builder.bitcast(builder.add(builder.bitcast(args[0], form.whole), exponent), form.real)

    return x(x, x), emit


@intrinsic
def exponent_of(typing: Any, x: Any) -> Any:
    """e of a normal positive x = m·2ᵉ with m between √½ and √2, as a number of x's type."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        form = _form(args[0])
        above = builder.sub(builder.bitcast(args[0], form.whole), form.whole(form.root_half))
        return builder.sitofp(builder.ashr(above, form.whole(form.fraction)), form.real)

    return x(x), emit


@intrinsic
def mantissa_of(typing: Any, x: Any) -> Any:
    """m of a normal positive x = m·2ᵉ with m between √½ and √2."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        form = _form(args[0])
        above = builder.sub(builder.bitcast(args[0], form.whole), form.whole(form.root_half))
        fraction = builder.and_(above, form.whole((1 << form.fraction) - 1))
        return builder.bitcast(builder.add(fraction, form.whole(form.root_half)), form.real)

    return x(x), emit
