"""The register tile of convolutions: as `tile`, with an inner loop of three levels. Compiling process only.

The numbers that one output of a convolution adds up lie in runs: kernel rows, kernel columns, channels. Walking them in
one tile keeps the sums in vector registers from the first kernel row to the last.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba import types

from nnplay.kernels import tile as flat
from nnplay.kernels.compile.intrinsics import intrinsic

_I64 = ir.IntType(64)
#: Rows of a tile that is one vector wide; the registers hold twice as many as of one that is two wide.
TALL = 28 if flat.WIDE else 2 * flat.ROWS
#: Rows of the tile that share one address register.
_SHARE = 4


@intrinsic
def window_tile(
    typing: Any, a: Any, a_row: Any, a_inner: Any, a_middle: Any, a_outer: Any, b: Any, b_inner: Any, b_middle: Any,
    b_outer: Any, c: Any, c_row: Any, start: Any, start_row: Any, rows: Any, columns: Any, inner: Any, middle: Any,
    outer: Any,
) -> Any:  # fmt: skip
    """One tile of C = start + Σ A·B over (outer, middle, inner), each count at least 1.

    Element (i, o, m, k) of A is `a[i * a_row + o * a_outer + m * a_middle + k * a_inner]`, (o, m, k, j) of B
    `b[o * b_outer + m * b_middle + k * b_inner + j]`, (i, j) of C `c[i * c_row + j]`; C starts from
    `start[i * start_row + j]`, or from 0 where `start` is the null pointer.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        name = f"nnplay_window_tile_{flat._SUFFIX}"
        builder.call(flat.share_function(builder.module, name, [value.type for value in args], _emit_tiles), args)
        return context.get_dummy_value()

    pointer, whole = flat._POINTER, types.int64
    return types.void(
        pointer, whole, whole, whole, whole, pointer, whole, whole, whole, pointer, whole, pointer, *(whole,) * 6
    ), emit


def _emit_tiles(function: Any) -> None:
    """A branch for each count of rows and of vectors, and for a last vector that is full or not."""
    rows, columns = function.args[13], function.args[14]
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    kind = flat.kind_of_row(builder, columns)
    impossible = function.append_basic_block("impossible")
    cases = builder.switch(builder.add(builder.mul(kind, _I64(TALL)), rows), impossible)
    ir.IRBuilder(impossible).unreachable()
    for part, count in itertools.product((True, False), range(1, flat.VECTORS + 1)):
        for height in range(1, (TALL if count == 1 else flat.ROWS) + 1):
            block = function.append_basic_block(f"tile_{height}_{count}_{'part' if part else 'full'}")
            cases.add_case(_I64(((0 if part else flat.VECTORS) + count) * TALL + height), block)
            _emit_tile(function, ir.IRBuilder(block), height, count, part)


def _emit_tile(function: Any, builder: Any, height: int, count: int, part: bool) -> None:
    """One tile; `part` says that not all lanes of the last vector are in use."""
    (
        a, a_row, a_inner, a_middle, a_outer, b, b_inner, b_middle, b_outer, c, c_row, start, start_row,
        _, columns, inner, middle, outer,
    ) = function.args  # fmt: skip
    width = builder.sub(columns, _I64((count - 1) * flat.LANES)) if part else None
    lanes = flat._Lanes(builder, width)
    totals = flat._start(function, builder, lanes, start, start_row, height, count)
    steps = [builder.mul(a_row, _I64(i)) for i in range(min(_SHARE, height))]
    groups = [builder.mul(a_row, _I64(i)) for i in range(0, height, _SHARE)]

    outer_loop = _Loop.begin(function, builder, "outer", outer, [a, b, *totals])
    middle_loop = _Loop.begin(function, builder, "middle", middle, outer_loop.values)
    left, right, *sums = middle_loop.values
    places = [_opaque(builder, builder.gep(left, [offset])) for offset in groups]
    inner_loop = _Loop.begin(function, builder, "inner", inner, [right, *places, *sums])
    b_k, *rest = inner_loop.values
    places, sums = rest[: len(groups)], rest[len(groups) :]
    vectors = [lanes.load(builder, b_k, v, v == count - 1) for v in range(count)]
    results = []
    for i in range(height):
        factor = flat._splat(builder, builder.load(builder.gep(places[i // _SHARE], [steps[i % _SHARE]])))
        results += [flat._multiply_add(builder, factor, vectors[v], sums[i * count + v]) for v in range(count)]
    onward = [builder.gep(b_k, [b_inner]), *(builder.gep(place, [a_inner]) for place in places)]
    inner_loop.end(builder, [*onward, *results], innermost=True)
    middle_loop.end(builder, [builder.gep(left, [a_middle]), builder.gep(right, [b_middle]), *results])
    left, right = outer_loop.values[:2]
    outer_loop.end(builder, [builder.gep(left, [a_outer]), builder.gep(right, [b_outer]), *results])

    for i in range(height):
        row = builder.gep(c, [builder.mul(c_row, _I64(i))])
        for v in range(count):
            lanes.store(builder, results[i * count + v], row, v, v == count - 1)
    builder.ret_void()


def _opaque(builder: Any, pointer: Any) -> Any:
    """`pointer`, hidden from LLVM, which would else derive all of them from one by a chain of additions."""
    integer = builder.ptrtoint(pointer, _I64)
    hidden = builder.asm(ir.FunctionType(_I64, [_I64]), "", "=r,0", [integer], False)
    return builder.inttoptr(hidden, pointer.type)


@dataclass
class _Loop:
    """A counted loop that runs at least once and carries values from turn to turn."""

    function: Any
    block: Any
    left: Any
    values: list[Any]

    @classmethod
    def begin(cls, function: Any, builder: Any, name: str, count: Any, values: list[Any]) -> _Loop:
        """Opens the loop; `values` are what the carried values start from."""
        before, block = builder.block, function.append_basic_block(name)
        builder.branch(block)
        builder.position_at_end(block)
        left = builder.phi(_I64)
        left.add_incoming(count, before)
        carried = [builder.phi(value.type) for value in values]
        for phi, value in zip(carried, values, strict=True):
            phi.add_incoming(value, before)
        return cls(function, block, left, carried)

    def end(self, builder: Any, values: list[Any], innermost: bool = False) -> None:
        """Closes the loop with the carried values of the next turn; they hold the last turn's behind it."""
        less = builder.sub(self.left, _I64(1))
        done = self.function.append_basic_block("done")
        again = builder.cbranch(builder.icmp_signed(">", less, _I64(0)), self.block, done)
        if innermost:
            again.set_metadata("llvm.loop", flat._no_unroll(self.function.module))
        for phi, value in zip([self.left, *self.values], [less, *values], strict=True):
            phi.add_incoming(value, builder.block)
        builder.position_at_end(done)
