"""Concat and the zeros around the next convolution's input as one row."""

from __future__ import annotations

from nnplay.kernels.convolution.convolution import BORDER
from nnplay.layers import concat
from nnplay.operations.border import PAD
from nnplay.records.operation import Operation
from nnplay.tape.fusion.joined import Joined, fused
from nnplay.tape.tape import Row


def fuse(joined: Joined) -> None:
    """Joins every concat whose output only a padding reads with that padding."""
    for row in list(joined.rows):
        output = row.writes[0]
        if row.operation.kernel is not concat.join or not joined.large(output):
            continue
        pad = joined.reader(output, PAD.kernel.name)
        if pad is not None and joined.between(output, pad):
            joined.drop(row)
            integers = (*row.integers, *pad.integers)
            parts = max(row.parts, pad.parts)
            new = Row(
                _make_operation(len(row.reads)), row.phase, row.path, row.reads, pad.writes, integers, pad.adds, parts
            )
            joined.put(new, pad)


def _make_operation(branches: int) -> Operation:
    reads = [f"x{k}" for k in range(branches)]
    return fused("concat, zero padding", concat.join_padded, reads, ("branches", *BORDER))
