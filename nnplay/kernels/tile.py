"""The register tile: a small block of C = A·B that stays in vector registers over the whole inner loop.

Imported in the compiling process only.

Each step of the inner loop loads one or two vectors of a row of B, and for each row of the tile one number of A, which
it multiplies with those vectors and adds (Goto and van de Geijn: Anatomy of high-performance matrix multiplication,
2008).

An element of C is one chain of multiply-adds in the order of k, whatever the tile's shape, so its bits do not depend on
how a product is cut into tiles.
"""

from __future__ import annotations

import itertools
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import extending

from nnplay.kernels.compile import compiled_for
from nnplay.kernels.compile.intrinsics import intrinsic, types
from nnplay.kernels.compile.jit import DTYPE
from nnplay.kernels.compile.processor import has

#: Whether a vector fills a line of the cache.
WIDE = has("avx512f", compiled_for.level)
_MASKS = WIDE or has("avx2", compiled_for.level)
_BYTES = 64 if WIDE else 32 if _MASKS else 16

#: Bytes of a number, numbers in a vector, vectors in a row of the tile, and its rows: as many as the registers hold.
SIZE = np.dtype(DTYPE).itemsize
LANES = _BYTES // SIZE
VECTORS = 2
ROWS = 12 if WIDE else 6 if _MASKS else 4
COLUMNS = LANES * VECTORS

#: Rows of A that one pointer serves: at 0, 1 and 2 strides from it, which an address of x86 can express.
_SHARE = 3
_REAL = ir.FloatType() if DTYPE is np.float32 else ir.DoubleType()
_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_REAL, LANES)
_SUFFIX = f"v{LANES}f{8 * SIZE}"
_POINTER: Any = types.CPointer(numba.from_dtype(DTYPE))


@intrinsic
def tile(
    typing: Any, a: Any, a_row: Any, a_column: Any, b: Any, b_row: Any, c: Any, c_row: Any, start: Any, start_row: Any,
    rows: Any, columns: Any, inner: Any,
) -> Any:  # fmt: skip
    """One tile of C = start + A·B: `rows` ≤ ROWS and `columns` ≤ COLUMNS, both at least 1.

    Element (i, k) of A is `a[i * a_row + k * a_column]`, (k, j) of B `b[k * b_row + j]`, (i, j) of C
    `c[i * c_row + j]`; C starts from `start[i * start_row + j]`, or from 0 where `start` is the null pointer.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = share_function(builder.module, f"nnplay_tile_{_SUFFIX}", [value.type for value in args], _emit_tiles)
        builder.call(function, args)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(
        _POINTER, whole, whole, _POINTER, whole, _POINTER, whole, _POINTER, whole, whole, whole, whole
    ), emit


@intrinsic
def move(typing: Any, target: Any, source: Any, width: Any) -> Any:
    """Copies the first `width` numbers, 1 to LANES, into a vector that is written whole."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = _Lanes(builder, args[2])
        value = lanes.load(builder, args[1], 0, True)
        builder.store(value, builder.bitcast(args[0], _VECTOR.as_pointer()), align=SIZE)
        return context.get_dummy_value()

    return types.void(_POINTER, _POINTER, types.int64), emit


@intrinsic
def turn(typing: Any, target: Any, target_row: Any, source: Any, source_row: Any, rows: Any, columns: Any) -> Any:
    """Writes a transposed block: `target[j * target_row + i] = source[i * source_row + j]`, at most LANES × LANES.

    All LANES × LANES numbers of the target are written; those outside the block hold nothing of use.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = share_function(builder.module, f"nnplay_turn_{_SUFFIX}", [value.type for value in args], _emit_turn)
        builder.call(function, args)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(_POINTER, whole, _POINTER, whole, whole, whole), emit


def _scratch(typing: Any, count: Any) -> Any:
    """A pointer to `count` numbers (a constant) on the stack, for as long as the calling function runs."""
    size = count.literal_value

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        with builder.goto_entry_block():
            place = builder.alloca(ir.ArrayType(_REAL, size))
        place.align = 64
        return builder.bitcast(place, _REAL.as_pointer())

    return _POINTER(count), emit


scratch: Any = extending.intrinsic(prefer_literal=True)(_scratch)


@intrinsic
def null(typing: Any) -> Any:
    """The null pointer."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _REAL.as_pointer()(None)

    return _POINTER(), emit


@intrinsic
def is_null(typing: Any, pointer: Any) -> Any:
    """Whether `pointer` is the null pointer."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.icmp_unsigned("==", args[0], args[0].type(None))

    return types.boolean(_POINTER), emit


def share_function(module: Any, name: str, arguments: Any, emit_body: Any) -> Any:
    """The function `name` of `module`, written by `emit_body` on first use; several modules may hold the same one."""
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    emit_body(function)
    return function


def _emit_tiles(function: Any) -> None:
    """A branch for each count of rows and of vectors, and for a last vector that is full or not."""
    rows, columns = function.args[9], function.args[10]
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    kind = kind_of_row(builder, columns)
    impossible = function.append_basic_block("impossible")
    cases = builder.switch(builder.add(builder.mul(kind, _I64(ROWS)), rows), impossible)
    ir.IRBuilder(impossible).unreachable()
    for part, count, height in itertools.product((True, False), range(1, VECTORS + 1), range(1, ROWS + 1)):
        block = function.append_basic_block(f"tile_{height}_{count}_{'part' if part else 'full'}")
        cases.add_case(_I64(((0 if part else VECTORS) + count) * ROWS + height), block)
        _emit_tile(function, ir.IRBuilder(block), height, count, part)


def kind_of_row(builder: Any, columns: Any) -> Any:
    """The number of vectors in a row of that many columns; VECTORS more if the last one is full."""
    vectors = builder.sdiv(builder.add(columns, _I64(LANES - 1)), _I64(LANES))
    full = builder.zext(builder.icmp_signed("==", builder.mul(vectors, _I64(LANES)), columns), _I64)
    return builder.add(builder.mul(full, _I64(VECTORS)), vectors)


def _emit_tile(function: Any, builder: Any, height: int, count: int, part: bool) -> None:
    """One tile; `part` says that not all lanes of the last vector are in use."""
    a, a_row, a_column, b, b_row, c, c_row, start, start_row, _, columns, inner = function.args
    lanes = _Lanes(builder, builder.sub(columns, _I64((count - 1) * LANES)) if part else None)
    totals = _start(function, builder, lanes, start, start_row, height, count)

    loop = function.append_basic_block("loop")
    done = function.append_basic_block("done")
    bases = [_opaque(builder, builder.gep(a, [builder.mul(a_row, _I64(i))])) for i in range(0, height, _SHARE)]
    steps = [builder.mul(a_row, _I64(i)) for i in range(_SHARE)]
    before = builder.block
    builder.cbranch(builder.icmp_signed(">", inner, _I64(0)), loop, done)

    builder.position_at_end(loop)
    left = builder.phi(_I64)
    places = [builder.phi(a.type) for _ in bases]
    b_k = builder.phi(b.type)
    sums = [builder.phi(_VECTOR) for _ in totals]
    right = [lanes.load(builder, b_k, v, v == count - 1) for v in range(count)]
    results = []
    for i in range(height):
        factor = _splat(builder, builder.load(builder.gep(places[i // _SHARE], [steps[i % _SHARE]])))
        results += [_multiply_add(builder, factor, right[v], sums[i * count + v]) for v in range(count)]
    less = builder.sub(left, _I64(1))
    places_next = [builder.gep(place, [a_column]) for place in places]
    b_next = builder.gep(b_k, [b_row])
    again = builder.cbranch(builder.icmp_signed(">", less, _I64(0)), loop, done)
    again.set_metadata("llvm.loop", _no_unroll(function.module))
    phis = [left, b_k, *places, *sums]
    for phi, first, later in zip(
        phis, [inner, b, *bases, *totals], [less, b_next, *places_next, *results], strict=True
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(later, loop)

    builder.position_at_end(done)
    finals = [builder.phi(_VECTOR) for _ in totals]
    for phi, first, later in zip(finals, totals, results, strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(later, loop)
    for i in range(height):
        row = builder.gep(c, [builder.mul(c_row, _I64(i))])
        for v in range(count):
            lanes.store(builder, finals[i * count + v], row, v, v == count - 1)
    builder.ret_void()


def _opaque(builder: Any, pointer: Any) -> Any:
    """`pointer`, hidden from LLVM, which would else derive all of them from one by a chain of additions."""
    integer = builder.ptrtoint(pointer, _I64)
    hidden = builder.asm(ir.FunctionType(_I64, [_I64]), "", "=r,0", [integer], False)
    return builder.inttoptr(hidden, pointer.type)


def _start(function: Any, builder: Any, lanes: Any, start: Any, start_row: Any, height: int, count: int) -> list[Any]:
    """The values that the sums start from."""
    given = function.append_basic_block("given")
    ready = function.append_basic_block("ready")
    before = builder.block
    builder.cbranch(builder.icmp_unsigned("==", start, start.type(None)), ready, given)
    builder.position_at_end(given)
    values = []
    for i in range(height):
        row = builder.gep(start, [builder.mul(start_row, _I64(i))])
        values += [lanes.load(builder, row, v, v == count - 1) for v in range(count)]
    builder.branch(ready)
    builder.position_at_end(ready)
    totals = [builder.phi(_VECTOR) for _ in values]
    for phi, value in zip(totals, values, strict=True):
        phi.add_incoming(_VECTOR(None), before)
        phi.add_incoming(value, given)
    return totals


def _emit_turn(function: Any) -> None:
    """Loads LANES rows and interleaves them pairwise, log2(LANES) times, which transposes the block."""
    target, target_row, source, source_row, rows, columns = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    lanes = _Lanes(builder, columns)
    block = []
    for i in range(LANES):
        inside = builder.icmp_signed("<", _I64(i), rows)
        row = builder.select(inside, _I64(i), builder.sub(rows, _I64(1)))
        block.append(lanes.load(builder, builder.gep(source, [builder.mul(row, source_row)]), 0, True))
    half = LANES // 2
    first = [lane // 2 + LANES * (lane % 2) for lane in range(LANES)]
    for _ in range(LANES.bit_length() - 1):
        block = [
            _shuffled(builder, block[i], block[i + half], [index + shift for index in first])
            for i in range(half)
            for shift in (0, half)
        ]
    for j in range(LANES):
        place = builder.gep(target, [builder.mul(target_row, _I64(j))])
        builder.store(block[j], builder.bitcast(place, _VECTOR.as_pointer()), align=SIZE)
    builder.ret_void()


class _Lanes:
    """Which lanes of the last vector of a row are in use (None: all), and how to load and store them.

    On some processors a store that leaves lanes out takes ten times as long as a whole one.
    """

    def __init__(self, builder: Any, width: Any) -> None:
        self.width, self.mask = width, None
        if width is None:
            return
        wide = ir.VectorType(_I64, LANES)
        splat = _splat(builder, width)
        self.mask = builder.icmp_unsigned("<", wide([_I64(lane) for lane in range(LANES)]), splat)

    def load(self, builder: Any, row: Any, vector: int, last: bool) -> Any:
        """Vector number `vector` of a row; unused lanes of the last one are 0, or repeat the last number."""
        place = builder.gep(row, [_I64(vector * LANES)])
        if not last or self.mask is None:
            return builder.load(builder.bitcast(place, _VECTOR.as_pointer()), align=SIZE)
        if _MASKS:
            address = builder.bitcast(place, _VECTOR.as_pointer())
            shape = ir.FunctionType(_VECTOR, [address.type, _I32, self.mask.type, _VECTOR])
            load = _declare_function(builder, f"llvm.masked.load.{_SUFFIX}.p0", shape)
            return builder.call(load, [address, _I32(SIZE), self.mask, _VECTOR(None)])
        value = _VECTOR(None)
        for lane in range(LANES):
            inside = builder.icmp_signed("<", _I64(lane), self.width)
            index = builder.select(inside, _I64(lane), builder.sub(self.width, _I64(1)))
            value = builder.insert_element(value, builder.load(builder.gep(place, [index])), _I32(lane))
        return value

    def store(self, builder: Any, value: Any, row: Any, vector: int, last: bool) -> None:
        """Writes the used lanes of a vector."""
        address = builder.bitcast(builder.gep(row, [_I64(vector * LANES)]), _VECTOR.as_pointer())
        if not last or self.mask is None:
            builder.store(value, address, align=SIZE)
            return
        shape = ir.FunctionType(ir.VoidType(), [_VECTOR, address.type, _I32, self.mask.type])
        store = _declare_function(builder, f"llvm.masked.store.{_SUFFIX}.p0", shape)
        builder.call(store, [value, address, _I32(SIZE), self.mask])


def _splat(builder: Any, value: Any) -> Any:
    kind = ir.VectorType(value.type, LANES)
    one = builder.insert_element(kind(ir.Undefined), value, _I32(0))
    return builder.shuffle_vector(one, kind(ir.Undefined), ir.VectorType(_I32, LANES)(None))


def _shuffled(builder: Any, one: Any, other: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(one, other, ir.VectorType(_I32, LANES)(lanes))


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    shape = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    return builder.call(_declare_function(builder, f"llvm.fma.{_SUFFIX}", shape), [a, b, c])


def _declare_function(builder: Any, name: str, shape: Any) -> Any:
    return builder.module.globals.get(name) or ir.Function(builder.module, shape, name)


def _no_unroll(module: Any) -> Any:
    option = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    return module.add_metadata([ir.MetaDataString(module, "nnplay tile"), option])
