"""How loops through time share the batch: rows are independent, so each share takes some of them through all steps."""

from __future__ import annotations

from nnplay.kernels.jit import inline

#: Rows that take each step together: enough to use weights several times, few enough to give every thread some.
TOGETHER = 8


@inline
def groups(rows: int) -> int:
    """How many groups the rows of a batch make."""
    return (rows + TOGETHER - 1) // TOGETHER
