"""Clipping: of the gradient by its norm, or number by number; and of the weights themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import flat, part_of
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import apply, scalar


@kernel
def scale_to_norm(row: Any, clock: Any, memory: Any, part: int) -> None:
    """g ← g·min(1, clip_norm / (norm + 1e-6)), for g (M,), norm and clip_norm (1,)."""
    g, norm, limit = part_of(row, memory, 0, part), flat(row, memory, 1)[0], flat(row, memory, 2)[0]
    if norm > limit:
        factor = limit / (norm + 1e-6)
        for i in range(g.size):
            g[i] = g[i] * factor


@kernel
def clamp_values(row: Any, clock: Any, memory: Any, part: int) -> None:
    """g ← min(max(g, −clip_value), clip_value), for g (M,), clip_value (1,)."""
    g, limit = part_of(row, memory, 0, part), flat(row, memory, 1)[0]
    for i in range(g.size):
        g[i] = min(max(g[i], -limit), limit)


@kernel
def clamp_weights(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w ← min(max(w, −clamp), clamp), for w (M,), clamp (1,)."""
    w, limit = part_of(row, memory, 0, part), flat(row, memory, 1)[0]
    for i in range(w.size):
        w[i] = min(max(w[i], -limit), limit)


CLIP_NORM = Operation(
    name="clip by norm",
    kernel=scale_to_norm,
    cuda=(CudaRow(scale_to_norm),),
    reads=("gradients", "norm", "clip_norm"),
    writes=("gradients",),
    reference=lambda g, norm, limit: g * (limit / (norm + 1e-6) if norm > limit else 1),
    formula="g ← g · min(1, clip_norm / (norm + 1e-6))",
    words="Scales down a gradient that is too large without turning it, so that one odd batch cannot ruin the weights.",
    element=lambda at, g, norm, limit: (
        g[at] * (scalar("clip_norm", limit) / (scalar("norm", norm) + 1e-6))
        if norm.array[0] > limit.array[0]
        else g[at] * 1.0
    ),
    torch="torch.nn.utils.clip_grad_norm_",
)
CLIP_VALUE = Operation(
    name="clip by value",
    kernel=clamp_values,
    cuda=(CudaRow(clamp_values),),
    reads=("gradients", "clip_value"),
    writes=("gradients",),
    reference=lambda g, limit: np.clip(g, -limit, limit),
    formula="g ← min(max(g, −clip_value), clip_value)",
    words="Limits every component of the gradient. Unlike clipping by norm, this can change the direction of the step.",
    element=lambda at, g, limit: apply(
        "clip", lambda value, high: min(max(value, -high), high), g[at], scalar("clip_value", limit)
    ),
    torch="torch.nn.utils.clip_grad_value_",
)
CLAMP_WEIGHTS = Operation(
    name="limit of the weights",
    kernel=clamp_weights,
    cuda=(NumberRow(clamp_weights),),
    reads=("parameters", "clamp"),
    writes=("parameters",),
    reference=lambda w, limit: np.clip(w, -limit, limit),
    formula="w ← min(max(w, −clamp), clamp)",
    words="Keeps every weight within a limit after its update, so that the network cannot become arbitrarily steep.",
    element=lambda at, w, limit: apply(
        "clip", lambda value, high: min(max(value, -high), high), w[at], scalar("clamp", limit)
    ),
    torch="torch.clamp_",
)
