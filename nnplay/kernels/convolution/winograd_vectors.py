"""Sums on one vector of the processor, for the additions around products. Compiling process only.

Every number is worked out by itself, so how many a vector holds changes no bits.
"""

from __future__ import annotations

from typing import Any

import numba

from nnplay.kernels import tile as flat
from nnplay.kernels.compile.intrinsics import intrinsic
from nnplay.kernels.compile.jit import DTYPE

_NUMBER: Any = numba.from_dtype(DTYPE)
_POINTER: Any = flat._POINTER


@intrinsic
def add_vector(typing: Any, y: Any, x: Any, factor: Any) -> Any:
    """y += factor·x."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        y, x, factor = args
        _store(
            builder, flat._multiply_add(builder, _load(builder, x), flat._splat(builder, factor), _load(builder, y)), y
        )
        return context.get_dummy_value()

    return numba.types.void(_POINTER, _POINTER, _NUMBER), emit


@intrinsic
def sum_vectors(typing: Any, y: Any, a: Any, first: Any, b: Any, second: Any) -> Any:
    """y = first·a + second·b."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        y, *terms = args
        _store(builder, _sum(builder, terms), y)
        return context.get_dummy_value()

    return numba.types.void(_POINTER, _POINTER, _NUMBER, _POINTER, _NUMBER), emit


@intrinsic
def sum_three_vectors(typing: Any, y: Any, a: Any, first: Any, b: Any, second: Any, c: Any, third: Any) -> Any:
    """y = first·a + second·b + third·c."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        y, *terms = args
        _store(builder, _sum(builder, terms), y)
        return context.get_dummy_value()

    return numba.types.void(_POINTER, _POINTER, _NUMBER, _POINTER, _NUMBER, _POINTER, _NUMBER), emit


@intrinsic
def differ_vectors(typing: Any, y: Any, a: Any, b: Any, s: Any, c: Any, d: Any, t: Any) -> Any:
    """y = (a + s·b) + t·(c + s·d)."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        y, a, b, s, c, d, t = args
        across = flat._splat(builder, s)
        over = flat._multiply_add(builder, _load(builder, b), across, _load(builder, a))
        under = flat._multiply_add(builder, _load(builder, d), across, _load(builder, c))
        _store(builder, flat._multiply_add(builder, under, flat._splat(builder, t), over), y)
        return context.get_dummy_value()

    return numba.types.void(_POINTER, _POINTER, _POINTER, _NUMBER, _POINTER, _POINTER, _NUMBER), emit


def _sum(builder: Any, terms: list[Any]) -> Any:
    """The first number times its factor, and each further product added to it."""
    total = builder.fmul(flat._splat(builder, terms[1]), _load(builder, terms[0]))
    for place, factor in zip(terms[2::2], terms[3::2], strict=True):
        total = flat._multiply_add(builder, _load(builder, place), flat._splat(builder, factor), total)
    return total


def _load(builder: Any, place: Any) -> Any:
    return builder.load(builder.bitcast(place, flat._VECTOR.as_pointer()), align=flat.SIZE)


def _store(builder: Any, value: Any, place: Any) -> None:
    builder.store(value, builder.bitcast(place, flat._VECTOR.as_pointer()), align=flat.SIZE)
