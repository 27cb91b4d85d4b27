"""Integers of 32 bits on a graphics card, where Numba would have 64.

Machine code there has no integers of 64 bits: a sum is two instructions, a product four, a comparison two, and each
takes two registers. Literals, lengths of arrays and the numbers of a row have 32 bits here, and so has what is worked
out from two of them. A clock's numbers have 64, and so has all that is worked out with one of them.

Imported in the compiling process only, by `toolchain`, behind numba-cuda.
"""

from __future__ import annotations

import operator
from typing import Any, Final

from llvmlite import ir
from numba.core import typing as core_typing
from numba.cuda.core.imputils import impl_ret_untracked
from numba.cuda.cpython import builtins as lowered
from numba.cuda.datamodel import models, register_default
from numba.cuda.np import arrayobj
from numba.cuda.typing import arraydecl, builtins, typeof
from numba.cuda.typing.templates import signature

from nnplay.kernels.compile.intrinsics import types
from nnplay.kernels.cuda.intrinsics import Row

_I32: Final = ir.IntType(32)
_MOST: Final = 1 << 31

_SAME: Final = (
    builtins.BinOp, builtins.BinOpAdd, builtins.BinOpSub, builtins.BinOpMul, builtins.BinOpMod, builtins.BinOpFloorDiv,
    builtins.BitwiseLeftShift, builtins.BitwiseRightShift,
    builtins.BitwiseAnd, builtins.BitwiseOr, builtins.BitwiseXor,
)  # fmt: skip
_OF_ONE: Final = (builtins.UnaryNegate, builtins.UnaryPositive, builtins.BitwiseInvert)


def _type_of(number: int, purpose: Any) -> Any:
    if -_MOST <= number < _MOST:
        return types.int32
    if -(_MOST << 32) <= number < _MOST << 32:
        return types.int64
    if 0 <= number < _MOST << 33:
        return types.uint64
    raise ValueError(f"Int value is too large: {number}")


def _shape_type(self: Any, array: Any) -> Any:
    return types.UniTuple(types.int32, array.ndim)


def _shape(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    wide = arrayobj.make_array(kind)(context, builder, value).shape
    lengths = [builder.trunc(builder.extract_value(wide, axis), _I32) for axis in range(kind.ndim)]
    made = context.make_tuple(builder, types.UniTuple(types.int32, kind.ndim), lengths)
    return impl_ret_untracked(context, builder, kind, made)


class _RowModel(models.PrimitiveModel):  # type: ignore[misc]
    """Points at numbers of 64 bits."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, ir.IntType(64).as_pointer())


def _number_of_row(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.load(builder.bitcast(builder.gep(*arguments[:1], arguments[1:]), _I32.as_pointer()))


def narrow_integers() -> None:
    """Has Numba's compiler for cards give integers 32 bits."""
    typeof.typeof_impl.register(int)(_type_of)
    core_typing.typeof.typeof_impl.register(int)(_type_of)  # literals ask the compiler for processors
    for template in _SAME:
        template.cases = [signature(types.int32, types.int32, types.int32), *template.cases]
    for template in _OF_ONE:
        template.cases = [signature(types.int32, types.int32), *template.cases]
    register_default(Row)(_RowModel)
    lowered.registry.lower(operator.getitem, Row, types.Integer)(_number_of_row)
    arraydecl.ArrayAttribute.resolve_shape = _shape_type
    getters = arrayobj.registry.getattrs
    [at] = [at for at, (_, name, kinds) in enumerate(getters) if (name, kinds) == ("shape", (types.Array,))]
    getters[at] = (_shape, *getters[at][1:])
