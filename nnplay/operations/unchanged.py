"""Rows that hand numbers on as they are."""

from __future__ import annotations

from nnplay.operations.copy import copy
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation


def unchanged(name: str, words: str, torch: str) -> Operation:
    """The forward row of a layer that does nothing outside training."""
    return Operation(
        name=name,
        kernel=copy,
        cuda=(NumberRow(copy),),
        reads=("x",),
        writes=("y",),
        reference=lambda x: x.copy(),
        formula="y = x",
        words=words,
        element=lambda at, x: x[at],
        torch=torch,
    )


def passed_back(name: str, words: str) -> Operation:
    """The backward row of a layer whose output moves exactly as its input does."""
    return Operation(
        name=name,
        kernel=copy,
        cuda=(NumberRow(copy),),
        reads=("dy",),
        writes=("dx",),
        reference=lambda dy: dy.copy(),
        formula="dx = dy",
        words=words,
        element=lambda at, dy: dy[at],
        torch="autograd",
    )


#: The way back through such a layer outside training.
OFF_BACK = passed_back(
    "gradient of x (off)", "The layer changes nothing outside training, so neither does its gradient."
)
