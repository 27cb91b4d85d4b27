"""What a thread of a graphics card can do besides arithmetic: barriers, and shared memory by a pointer.

Imported in the compiling process only.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils

from nnplay.kernels.compile.intrinsics import intrinsic, types
from nnplay.kernels.compile.jit import DTYPE

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_NUMBER: Any = numba.from_dtype(DTYPE)
_POINTER: Any = types.CPointer(_NUMBER)
_SHARED = 3


class Row(types.CPointer):  # type: ignore[misc]
    """A row of a table: numbers of 64 bits, of which the lower halves are read (`integers`)."""

    def __init__(self) -> None:
        super().__init__(types.int32)
        self.name = "row of a table"


@intrinsic
def row_at(typing: Any, address: Any) -> Any:
    """The row that begins at an absolute address."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], _I64.as_pointer())

    return Row()(types.int64), emit


@intrinsic
def whole_number(typing: Any, row: Any, k: Any) -> Any:
    """All 64 bits of number k of a row."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(builder.gep(args[0], [args[1]]))

    return types.int64(row, types.int64), emit


@intrinsic
def quotient(typing: Any, a: Any, b: Any) -> Any:
    """a // b of numbers from 0 that have 32 bits."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.udiv(*(builder.trunc(value, _I32) if value.type == _I64 else value for value in args))

    return types.int32(types.unliteral(a), types.unliteral(b)), emit


@intrinsic
def shared_numbers(typing: Any) -> Any:
    """The block's shared memory, whose size the launch decides."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        real = context.get_value_type(_NUMBER)
        kind = ir.ArrayType(real, 0)
        name = "nnplay_shared"
        room = builder.module.globals.get(name)
        if room is None:
            room = cgutils.add_global_variable(builder.module, kind, name, _SHARED)
            room.linkage = "external"
            room.align = 16
        return builder.addrspacecast(builder.bitcast(room, real.as_pointer(_SHARED)), real.as_pointer())

    return _POINTER(), emit


@intrinsic
def anew(typing: Any, pointer: Any) -> Any:
    """The same pointer, of which the compiler knows nothing: what is read by it takes no register before it is used."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        code = ir.InlineAsm(ir.FunctionType(_I64, [_I64]), "mov.u64 $0, $1;", "=l,l", True)
        return builder.inttoptr(builder.call(code, [builder.ptrtoint(args[0], _I64)]), args[0].type)

    return pointer(pointer), emit


@intrinsic
def arrive(typing: Any, counter: Any) -> Any:
    """Adds 1 to a counter (int64) of the whole launch, after all that this thread wrote; returns what it was."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        code = ir.InlineAsm(
            ir.FunctionType(_I64, [_I64, _I64]), "atom.add.acq_rel.gpu.u64 $0, [$1], $2;", "=l,l,l,~{memory}", True
        )
        return builder.call(code, [builder.ptrtoint(args[0], _I64), _I64(1)])

    return types.int64(counter), emit


@intrinsic
def look(typing: Any, counter: Any) -> Any:
    """Reads such a counter, and all that was written before it was changed."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        code = ir.InlineAsm(ir.FunctionType(_I64, [_I64]), "ld.acquire.gpu.u64 $0, [$1];", "=l,l,~{memory}", True)
        return builder.call(code, [builder.ptrtoint(args[0], _I64)])

    return types.int64(counter), emit


def _view(context: Any, builder: Any, kind: Any, data: Any, shape: list[Any], strides: list[Any]) -> Any:
    from numba.np import arrayobj

    array = arrayobj.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(data.type.pointee))
    arrayobj.populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()


@intrinsic
def every_nth(typing: Any, pointer: Any, count: Any, first: Any, step: Any) -> Any:
    """Numbers first, first + step, … of `count`, as a vector."""
    kind = types.Array(pointer.dtype, 1, "A")

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data, count, first, step = args
        length = builder.udiv(builder.sub(builder.add(count, step), builder.add(first, _I32(1))), step)
        stride = builder.mul(step, _I32(context.get_abi_sizeof(data.type.pointee)), flags=["nsw"])
        wide = [[builder.sext(value, _I64)] for value in (first, length, stride)]
        return _view(context, builder, kind, builder.gep(data, wide[0]), *wide[1:])

    return kind(pointer, types.int32, types.int32, types.int32), emit


@intrinsic
def vector(typing: Any, pointer: Any, shape: Any) -> Any:
    """Numbers at a place as an array of that shape: Numba's `carray`, which serves processors only."""
    kind = types.Array(pointer.dtype, len(shape), "C")

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data, lengths = args
        sizes = cgutils.unpack_tuple(builder, lengths, len(shape))
        wide = [builder.sext(size, _I64) for size in sizes]
        strides = [_I64(context.get_abi_sizeof(data.type.pointee))]
        for size in wide[:0:-1]:
            strides.insert(0, builder.mul(strides[0], size))
        return _view(context, builder, kind, data, wide, strides)

    return kind(pointer, types.UniTuple(types.int32, len(shape))), emit
