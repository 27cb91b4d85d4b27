"""Stateless random numbers: a counter-based generator, so that nothing random has a hidden state.

`bits(seed, stream, step, index)` is a pure function: stepping, running, rewinding and resuming agree bit for bit. The
generator is Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; 2011).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact

#: Streams: what the numbers are for. Layers use `LAYER + position` for dropout and noise.
SHUFFLE: Final = 1
WEIGHTS: Final = 0x1000
LAYER: Final = 0x100000

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
#: Factors of the two halves of the state, and what is added to the two keys before each of ten rounds.
_FACTORS = np.array([[[0xD2511F53]], [[0xCD9E8D57]]], np.uint64)
_ROUNDS = np.arange(10, dtype=np.uint64)[:, None, None, None] * np.array([[[0x9E3779B9]], [[0xBB67AE85]]], np.uint64)

#: The seed of one run, or those of several (S,), each of which gets the numbers that it would get by itself.
Seeds = int | NDArray[np.int64]


def bits(seed: Seeds, stream: int, step: int, index: NDArray[np.int64]) -> NDArray[np.uint64]:
    """32 random bits for each index, as uint64 of the same shape; of several seeds with an axis (S,) in front.

    Args:
        seed: 0 … 2**63 - 1.
        stream: what the numbers are for (0 … 2**31).
        step: training step, epoch, or 0.
        index: which number of the stream.
    """
    flat, seeds = index.reshape(-1).astype(np.uint64), np.asarray(seed, np.uint64).reshape(-1)
    a, b = np.empty((2, 2, len(seeds), flat.size), np.uint64)
    a[0], a[1] = flat & _MASK, step & 0xFFFFFFFF
    b[0], b[1] = flat >> _SHIFT, step >> 32
    key = np.stack([seeds & _MASK, ((seeds >> _SHIFT) ^ np.uint64(stream)) & _MASK])[:, :, None]
    product = np.empty_like(a)
    for key_of_round in (key + _ROUNDS) & _MASK:
        np.multiply(a, _FACTORS, out=product)
        np.right_shift(product[::-1], _SHIFT, out=a)
        np.bitwise_xor(a, b, out=a)
        np.bitwise_xor(a, key_of_round, out=a)
        np.bitwise_and(product[::-1], _MASK, out=b)
    drawn: NDArray[np.uint64] = a[0].reshape(np.shape(seed) + index.shape)
    return drawn


def uniform(seed: Seeds, stream: int, step: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Numbers in [0, 1) with 24 random bits each, of the given shape; of several seeds with (S,) in front."""
    index = np.arange(int(np.prod(shape)), dtype=np.int64)
    drawn = (bits(seed, stream, step, index) >> np.uint64(8)).astype(np.float64) * 2.0**-24
    return drawn.reshape(np.shape(seed) + tuple(shape))


def normal(seed: Seeds, stream: int, step: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Standard normal numbers of the given shape (Box and Muller, 1958); of several seeds with (S,) in front."""
    count = int(np.prod(shape))
    pairs = uniform(seed, stream, step, (2, count))
    radius = np.sqrt(-2.0 * exact.log(pairs[..., 0, :] + 2.0**-25))
    return np.asarray(radius * exact.cos(2.0 * np.pi * pairs[..., 1, :])).reshape(np.shape(seed) + tuple(shape))


def permutation(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """The order in which the rows of a data set are visited in an epoch (Fisher and Yates; the loop's own order)."""
    order = np.arange(count, dtype=np.int64)
    drawn = bits(seed, SHUFFLE, epoch, order)
    for last in range(count - 1, 0, -1):
        other = int(drawn[last]) * (last + 1) >> 32
        order[last], order[other] = order[other], order[last]
    return order
