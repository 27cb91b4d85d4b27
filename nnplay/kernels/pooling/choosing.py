"""What kernels of pooling share: to keep the larger of two, to give the gradient to the one chosen, to add shares."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import inline


@inline
def keep_larger(X: Any, Y: Any, chosen: Any, C: int, tap: Any, begins: bool) -> None:
    """Puts x where it is larger than y, or not a number, and notes the kernel number there; each (C)."""
    if begins:
        for c in range(C):
            Y[c] = X[c]
            chosen[c] = tap
    else:
        for c in range(C):
            value, best = X[c], Y[c]
            better = (value > best) | ((value != value) & (best == best))
            Y[c] = value if better else best
            chosen[c] = tap if better else chosen[c]


@inline
def spread_chosen(dX: Any, dY: Any, chosen: Any, C: int, tap: Any) -> None:
    """dx += dy where this kernel number was the largest; each (C)."""
    for c in range(C):
        dX[c] += dY[c] if chosen[c] == tap else 0.0


@inline
def add_share(y: Any, x: Any, factor: Any, C: int) -> None:
    """y += x·factor, each (C)."""
    for c in range(C):
        y[c] = multiply_add(x[c], factor, y[c])
