"""Stateless random bits for kernels: the same Philox function as `nnplay.rng`, so both sides draw the same numbers."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import COMPILING, inline

if COMPILING:
    import numpy as _np

    from nnplay.kernels.compile import jit as _jit

    dtype: Any = _jit.DTYPE
    u64: Any = _np.uint64
    i32: Any = _np.int32
else:
    u64 = i32 = dtype = None


@inline
def bits(seed: int, stream: int, step: int, index: int) -> Any:
    """32 random bits, as uint64, for one (seed, stream, step, index): Philox 4x32-10 (Salmon et al., 2011).

    The counter is (index, step), the key is the seed mixed with the stream.
    """
    mask = u64(0xFFFFFFFF)
    shift = u64(32)
    c0 = u64(index) & mask
    c1 = u64(index) >> shift
    c2 = u64(step) & mask
    c3 = u64(step) >> shift
    k0 = u64(seed) & mask
    k1 = (u64(seed) >> shift) ^ u64(stream)
    for _ in range(10):
        p0 = u64(0xD2511F53) * c0
        p1 = u64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ k0, p1 & mask, (p0 >> shift) ^ c3 ^ k1, p0 & mask
        k0 = (k0 + u64(0x9E3779B9)) & mask
        k1 = (k1 + u64(0xBB67AE85)) & mask
    return c0


@inline
def uniform(seed: int, stream: int, step: int, index: int) -> Any:
    """A random number in [0, 1) with 24 random bits, as an integer that every vector unit can turn into a number."""
    return dtype(i32(bits(seed, stream, step, index) >> u64(8))) * 5.9604644775390625e-08
