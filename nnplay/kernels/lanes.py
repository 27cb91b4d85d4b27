"""Sums over neighbouring numbers in an order that no processor decides. Imported in the compiling process only.

A sum is taken on vectors of 16 lanes, whatever the processor's own are: one register with AVX-512, two with AVX2, four
with SSE. Number i goes to lane i mod 16: as long as 64 numbers are left, four vectors take 16 each, and are then added
as (0 + 1) + (2 + 3); what is left goes to the result, the last numbers beside zeros. In the end the lanes are added by
halves: 8 to 8, 4 to 4, 2 to 2, 1 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np
from llvmlite import ir

from nnplay.kernels.compile.intrinsics import intrinsic, types
from nnplay.kernels.compile.jit import DTYPE

#: Lanes of a vector, and vectors that are summed side by side.
LANES: Final = 16
TOGETHER: Final = 4

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_REAL = ir.FloatType() if DTYPE is np.float32 else ir.DoubleType()
_SIZE = np.dtype(DTYPE).itemsize
_VECTOR = ir.VectorType(_REAL, LANES)
_SUFFIX = f"v{LANES}f{8 * _SIZE}"
_NUMBER: Any = numba.from_dtype(DTYPE)
_POINTER: Any = types.CPointer(_NUMBER)

#: Joins what a lane holds with the numbers that come to it.
Step = Callable[[Any, Any, list[Any]], Any]


@intrinsic
def lane_sum(typing: Any, x: Any, count: Any) -> Any:
    """Σ x."""
    return _NUMBER(_POINTER, types.int64), _calling("sum", _add, 0.0, _sum)


@intrinsic
def lane_dot(typing: Any, x: Any, y: Any, count: Any) -> Any:
    """Σ x·y, each product fused with the addition."""
    return _NUMBER(_POINTER, _POINTER, types.int64), _calling("dot", _multiply_add, 0.0, _sum)


@intrinsic
def lane_max(typing: Any, x: Any, count: Any) -> Any:
    """The largest of the numbers, of which those that are not numbers are none."""
    return _NUMBER(_POINTER, types.int64), _calling("max", _larger, float("-inf"), _maximum)


def _calling(name: str, step: Step, nothing: float, join: Callable[[Any, Any, Any], Any]) -> Any:
    """Code that calls the function of this name, which is written into the module on first use.

    Args:
        step: joins a lane with its next numbers.
        nothing: what a lane starts with, and what stands in lanes without a number.
        join: joins two lanes.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        symbol = f"nnplay_{name}_{_SUFFIX}"
        function = builder.module.globals.get(symbol)
        if function is None:
            shape = ir.FunctionType(_REAL, [value.type for value in args])
            function = ir.Function(builder.module, shape, symbol)
            function.linkage = "linkonce_odr"
            function.attributes.add("nounwind")
            _emit(function, step, nothing, join)
        return builder.call(function, args)

    return emit


def _emit(function: Any, step: Step, nothing: float, join: Callable[[Any, Any, Any], Any]) -> None:
    *pointers, count = function.args
    start = _VECTOR([_REAL(nothing)] * LANES)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    side = LANES * TOGETHER
    whole = builder.and_(count, _I64(-side))
    sums = _loop(builder, _I64(0), whole, side, [start] * TOGETHER, pointers, step)
    while len(sums) > 1:
        sums = [join(builder, one, other) for one, other in zip(sums[::2], sums[1::2], strict=True)]
    most = builder.and_(count, _I64(-LANES))
    sums = _loop(builder, whole, most, LANES, sums, pointers, step)
    before, rest = builder.block, function.append_basic_block("rest")
    end = function.append_basic_block("end")
    builder.cbranch(builder.icmp_signed("<", most, count), rest, end)
    builder.position_at_end(rest)
    left = builder.trunc(builder.sub(count, most), _I32)
    last = [_load_some(builder, builder.gep(pointer, [most]), left, start) for pointer in pointers]
    partial = step(builder, sums[0], last)
    builder.branch(end)
    builder.position_at_end(end)
    result = builder.phi(_VECTOR)
    result.add_incoming(sums[0], before)
    result.add_incoming(partial, rest)
    builder.ret(_halves(builder, result, join))


def _loop(
    builder: Any, first: Any, end: Any, stride: int, starts: list[Any], pointers: list[Any], step: Step
) -> list[Any]:
    """Takes the numbers from `first` to `end` in strides, a vector for each of `starts`; returns what they become."""
    function, before = builder.function, builder.block
    body, done = function.append_basic_block("body"), function.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", first, end), body, done)
    builder.position_at_end(body)
    place = builder.phi(_I64)
    carried = [builder.phi(_VECTOR) for _ in starts]
    results = []
    for number, lane in enumerate(carried):
        at = builder.add(place, _I64(number * LANES))
        found = [_load(builder, builder.gep(pointer, [at])) for pointer in pointers]
        results.append(step(builder, lane, found))
    onward = builder.add(place, _I64(stride))
    builder.cbranch(builder.icmp_signed("<", onward, end), body, done)
    for phi, start, later in zip([place, *carried], [first, *starts], [onward, *results], strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(later, body)
    builder.position_at_end(done)
    finals = [builder.phi(_VECTOR) for _ in starts]
    for phi, start, later in zip(finals, starts, results, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(later, body)
    return finals


def _load(builder: Any, place: Any) -> Any:
    return builder.load(builder.bitcast(place, _VECTOR.as_pointer()), align=_SIZE)


def _load_some(builder: Any, place: Any, count: Any, others: Any) -> Any:
    """The first `count` numbers at a place; nothing behind them is read."""
    kind = ir.VectorType(_I32, LANES)
    one = builder.insert_element(kind(ir.Undefined), count, _I32(0))
    limit = builder.shuffle_vector(one, kind(ir.Undefined), kind(None))
    mask = builder.icmp_unsigned("<", kind([_I32(lane) for lane in range(LANES)]), limit)
    address = builder.bitcast(place, _VECTOR.as_pointer())
    shape = ir.FunctionType(_VECTOR, [address.type, _I32, mask.type, _VECTOR])
    load = _declare_function(builder, f"llvm.masked.load.{_SUFFIX}.p0", shape)
    return builder.call(load, [address, _I32(_SIZE), mask, others])


def _halves(builder: Any, vector: Any, join: Callable[[Any, Any, Any], Any]) -> Any:
    width = LANES
    while width > 1:
        width //= 2
        kind = ir.VectorType(_I32, width)
        low, high = (
            builder.shuffle_vector(vector, vector, kind([_I32(first + lane) for lane in range(width)]))
            for first in (0, width)
        )
        vector = join(builder, low, high)
    return builder.extract_element(vector, _I32(0))


def _add(builder: Any, lanes: Any, found: list[Any]) -> Any:
    return builder.fadd(lanes, found[0])


def _multiply_add(builder: Any, lanes: Any, found: list[Any]) -> Any:
    shape = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    return builder.call(_declare_function(builder, f"llvm.fma.{_SUFFIX}", shape), [*found, lanes])


def _larger(builder: Any, lanes: Any, found: list[Any]) -> Any:
    return _maximum(builder, lanes, found[0])


def _sum(builder: Any, one: Any, other: Any) -> Any:
    return builder.fadd(one, other)


def _maximum(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", other, one), other, one)


def _declare_function(builder: Any, name: str, shape: Any) -> Any:
    return builder.module.globals.get(name) or ir.Function(builder.module, shape, name)
