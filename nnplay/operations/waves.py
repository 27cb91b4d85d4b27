"""The row that makes waves of many lengths, by which steps of a sequence can be told apart (Vaswani et al., 2017)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.doubles import exp, log, sine_cosine
from nnplay.kernels.operands import integer, matrix
from nnplay.records.operation import CudaRow, Operation

Array = NDArray[Any]
#: The waves are up to this many times as long as the shortest one.
USUAL_BASE: Final = 10_000
_LOG_10000: Final = 9.210340371976184


def _reference(shapes: tuple[tuple[int, ...], ...], dtype: np.dtype[Any], base: int) -> Array:
    t, c = np.indices(shapes[0])
    angle = t * float(base) ** (-2 * (c // 2) / shapes[0][1])
    return np.asarray(np.where(c % 2 == 0, np.sin(angle), np.cos(angle)), dtype)


@kernel
def waves(row: Any, clock: Any, memory: Any, part: int) -> None:
    """table[t,2i] = sin(t / base^(2i/C)), table[t,2i+1] = cos(t / base^(2i/C)), for table (T, C)."""
    table = matrix(row, memory, 0)
    T, C = table.shape
    rate = _LOG_10000 if integer(row, 0) == USUAL_BASE else log(np.float64(integer(row, 0)))
    for pair in range((C + 1) // 2):
        # In float64 whatever the tape's type: each step turns (sin, cos) a little further, T times.
        turn_sin, turn_cos = sine_cosine(exp(rate * (np.float64(-2 * pair) / np.float64(C))))
        sine, cosine = np.float64(0), np.float64(1)
        for t in range(T):
            table[t, 2 * pair] = sine
            if 2 * pair + 1 < C:
                table[t, 2 * pair + 1] = cosine
            sine, cosine = sine * turn_cos + cosine * turn_sin, cosine * turn_cos - sine * turn_sin


WAVES: Final = Operation(
    name="waves",
    kernel=waves,
    cuda=(CudaRow(waves, once),),
    reads=(),
    writes=("waves",),
    reference=_reference,
    formula="waves[t,2i] = sin(t / base^(2i/C)), waves[t,2i+1] = cos(t / base^(2i/C))",
    words=(
        "Each pair of features is the hand of a clock: the first turns fast, the last hardly at all. "
        "Together they tell t."
    ),
    element=lambda at, waves, base: waves[at],
    integers=("base",),
    torch="spelled out in PyTorch's own tutorial",
)
