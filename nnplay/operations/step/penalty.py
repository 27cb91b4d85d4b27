"""Penalties: L1 and L2 regularisation, added to the gradients of the weights (never of biases)."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import flat, part_of
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import apply, scalar


@kernel
def add_penalty(row: Any, clock: Any, memory: Any, part: int) -> None:
    """g ← g + l1·sign(w) + l2·w, for g and w (M,)."""
    g, w = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    l1, l2 = flat(row, memory, 2)[0], flat(row, memory, 3)[0]
    for i in range(w.size):
        sign = 1.0 if w[i] > 0.0 else (-1.0 if w[i] < 0.0 else 0.0)
        g[i] += l1 * sign + l2 * w[i]


PENALTY = Operation(
    name="penalty on weights",
    kernel=add_penalty,
    cuda=(CudaRow(add_penalty),),
    reads=("gradients", "weights", "l1", "l2"),
    writes=("gradients",),
    reference=lambda g, w, l1, l2: g + l1 * np.sign(w) + l2 * w,
    formula="g ← g + l1·sign(w) + l2·w",
    words="Pulls every weight towards 0: L2 in proportion to its size, L1 by a constant, which drives some to 0.",
    element=lambda at, g, w, l1, l2: (
        g[at] + scalar("l1", l1) * apply("sign", lambda value: float(np.sign(value)), w[at]) + scalar("l2", l2) * w[at]
    ),
    torch="weight_decay, or a penalty added to the loss",
)
