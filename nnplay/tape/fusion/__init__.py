"""Joins neighbouring rows of a training step where that saves moving large tensors through memory.

The tape that the inspector steps through has a row for each thing that is done, and every value in between is written
down. Training does not need most of those values: written once and read once, they cost more time than the arithmetic.
Here such rows become one row, in which the value in between never leaves the processor's registers or first caches. A
fused row adds up the same numbers in the same order as the rows that it stands for, so the bits are the same; tests
hold it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from nnplay.tape.fusion import concat, convolution_input, identity, normalise, repeated, reshaped
from nnplay.tape.fusion.joined import Joined
from nnplay.tape.tape import Row

_PASSES: Final[tuple[Callable[[Joined], None], ...]] = (
    repeated.fuse,
    normalise.fuse,
    concat.fuse,
    identity.fuse,
    convolution_input.fuse,
    reshaped.fuse,
)


def fuse(rows: Sequence[Row], batch: int) -> Joined:
    """The rows of a training step of `batch` rows, up to the update, joined where that pays."""
    joined = Joined(list(rows), batch)
    for one in _PASSES:
        one(joined)
    return joined
