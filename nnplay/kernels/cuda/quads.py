"""Four numbers read at once. Imported in the compiling process only."""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir

from nnplay.kernels.compile.intrinsics import intrinsic, types
from nnplay.kernels.compile.jit import ON_CARD

_I32: Final = ir.IntType(32)


@intrinsic
def quad(typing: Any, at: Any) -> Any:
    """The four numbers from there on, of which the first stands at a multiple of four."""
    found = types.UniTuple(at.dtype, 4)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        real = args[0].type.pointee
        size = context.get_abi_sizeof(real)
        pointer = builder.bitcast(args[0], ir.VectorType(real, 4).as_pointer())
        value = builder.load(pointer, align=4 * size if ON_CARD else size)
        numbers = [builder.extract_element(value, _I32(k)) for k in range(4)]
        return context.make_tuple(builder, sig.return_type, numbers)

    return found(at), emit
