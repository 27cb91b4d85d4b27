"""What the tensor cores of a graphics card are told: numbers in TF32, and tiles of products.

TF32 is a number of 32 bits whose mantissa has 10 bits. Imported in the compiling process only.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir

from nnplay.kernels.compile.intrinsics import intrinsic, types

_I32, _REAL = ir.IntType(32), ir.FloatType()
#: Bits that TF32 has not, half of what the last one is that it has, and the bits that are all set in what is infinite.
_CUT: Final = 13
_HALF: Final = 1 << (_CUT - 1)
_MULTIPLY: Final = (
    "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {$0,$1,$2,$3}, {$4,$5,$6,$7}, {$8,$9}, {$10,$11,$12,$13};"
)


@intrinsic
def tf32_bits(typing: Any, x: Any) -> Any:
    """x rounded to TF32, ties away from 0, as the bits (int32) that a card multiplies."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        code = ir.InlineAsm(ir.FunctionType(_I32, [_REAL]), "cvt.rna.tf32.f32 $0, $1;", "=r,f")
        return builder.call(code, args)

    return types.int32(types.float32), emit


@intrinsic
def tf32(typing: Any, x: Any) -> Any:
    """The same on a processor, as a number."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.add(builder.bitcast(args[0], _I32), _I32(_HALF))
        cut = builder.bitcast(builder.and_(bits, _I32(-1 << _CUT)), _REAL)
        return builder.select(builder.fcmp_unordered("uno", args[0], args[0]), args[0], cut)

    return types.float32(types.float32), emit


@intrinsic
def multiply_tile(typing: Any, sums: Any, a: Any, b: Any) -> Any:
    """sums + A·B, of which each of a warp's 32 threads has a share: A is 16×8, B 8×8.

    Args:
        sums: thread n has C[g, 2t], C[g, 2t + 1], C[g + 8, 2t], C[g + 8, 2t + 1], where g = n // 4 and t = n % 4.
        a: bits of A[g, t], A[g + 8, t], A[g, t + 4], A[g + 8, t + 4].
        b: bits of B[t, g], B[t + 4, g].
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kinds = [_I32] * 6 + [_REAL] * 4
        shape = ir.FunctionType(ir.LiteralStructType([_REAL] * 4), kinds)
        code = ir.InlineAsm(shape, _MULTIPLY, "=f,=f,=f,=f,r,r,r,r,r,r,f,f,f,f", side_effect=True)
        given = [builder.extract_value(args[1], k) for k in range(4)]
        given += [builder.extract_value(args[2], k) for k in range(2)]
        given += [builder.extract_value(args[0], k) for k in range(4)]
        found = builder.call(code, given, attrs=("convergent",))
        return context.make_tuple(builder, sig.return_type, [builder.extract_value(found, k) for k in range(4)])

    return sums(sums, a, b), emit
