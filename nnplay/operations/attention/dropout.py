"""The row that drops some of the attention weights in training, as PyTorch's MultiheadAttention does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.fields import Field, number
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.operands import integer, part_of, place_of, size
from nnplay.kernels.random import uniform
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]
#: A random number has that many values; the fraction that is dropped is a row's integer, in as many.
_STEPS: Final = 2**24


def dropout_field() -> Field:
    """The fraction that is dropped."""
    return number("dropout", 0.0, "fraction of attention weights set to 0 during training", low=0.0, high=0.999)


def dropped_of(p: float) -> int:
    """A fraction as the integer of a row."""
    return round(p * _STEPS)


def _kept(shape: tuple[int, ...], dropped: int, stream: int, clock: Mapping[str, int]) -> NDArray[np.bool_]:
    return rng.uniform(clock["seed"], stream, clock["step"], shape) >= dropped / _STEPS


def _reference(weights: Array, dropped: int, stream: int, clock: Mapping[str, int]) -> tuple[Array, Array]:
    mask = _kept(weights.shape, dropped, stream, clock) / (1 - dropped / _STEPS)
    return weights * mask, mask


def _element(at: tuple[int, ...], weights: Named, dropped: int, stream: int, clock: Mapping[str, int]) -> Term:
    if not _kept(weights.shape, dropped, stream, clock)[at]:
        return weights[at] * apply("dropped", lambda value: value, 0.0)
    return weights[at] / (1 - dropped / _STEPS)


@kernel
def drop(row: Any, clock: Any, memory: Any, part: int) -> None:
    """thinned = weights·mask, where mask = 0 with probability dropped / 2²⁴, else 1 / (1 − p); all (N, heads, T, S)."""
    weights, thinned, mask = part_of(row, memory, 0, part), part_of(row, memory, 1, part), part_of(row, memory, 2, part)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 1)
    p = DTYPE(integer(row, 0)) * 5.9604644775390625e-08
    kept = 1.0 / (1.0 - p)  # kept weights grow, so that the mean stays and evaluation needs no scaling
    count = size(row, 0)
    for i in range(weights.size):
        mask[i] = kept if uniform(seed, stream, step, place_of(row, part, count, i)) >= p else 0.0
        thinned[i] = weights[i] * mask[i]


DROP: Final = Operation(
    name="dropout of attention weights",
    kernel=drop,
    cuda=(CudaRow(drop),),
    reads=("weights",),
    writes=("thinned", "drop_mask"),
    reference=_reference,
    formula="thinned = weights·drop_mask, where drop_mask = 0 with probability dropout, else 1/(1 − dropout)",
    words="Drops random weights, different ones at every step, so that no step can rely on one other step alone.",
    element=_element,
    integers=("dropped", "stream"),
    uses_clock=True,
    torch="torch.nn.functional.dropout (with its own random numbers)",
)
