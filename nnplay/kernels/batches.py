"""How loops through time share the batch: rows are independent, so each share takes some of them through all steps."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.jit import apart, inline

#: Rows that take each step together: enough to use weights several times, few enough to give every thread some.
TOGETHER = 8


@inline
def groups(rows: int) -> int:
    """How many groups the rows of a batch make."""
    return (rows + TOGETHER - 1) // TOGETHER


@apart
def copy(target: Any, source: Any, count: int) -> None:
    """Copies numbers to another place."""
    for j in range(count):
        target[j] = source[j]


@apart
def add(target: Any, source: Any, count: int) -> None:
    """Adds numbers to those at another place."""
    for j in range(count):
        target[j] += source[j]


@inline
def zero(target: Any, count: int) -> None:
    """Sets numbers to 0."""
    for j in range(count):
        target[j] = 0.0
