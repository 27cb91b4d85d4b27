"""Batch normalisation, ReLU and the zeros around the next convolution's input as one row; the way back likewise.

Backwards, the sign of the normalised number is worked out again from the input, which is read anyway.
"""

from __future__ import annotations

from math import prod
from typing import Final

from nnplay.kernels.convolution import convolution
from nnplay.kernels.normalise import batch as kernels
from nnplay.layers.batch_norm import INPUT, NORMALISE, SUMS
from nnplay.layers.relu import RELU
from nnplay.operations.border import PAD
from nnplay.tape.fusion.joined import Joined, fused
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Row

_PLAN = RELU.plan({}, (1,))
_FORWARD, _BACKWARD = (uses[0].operation.kernel.name for uses in (_PLAN.forward, _PLAN.backward))


_NORMALISE_RELU: Final = fused(
    "normalise, relu, zero padding", kernels.batch_normalise_relu, NORMALISE.reads, convolution.BORDER
)
_SUMS_RELU: Final = fused(
    "relu backward, sums", kernels.batch_sums_relu, (*SUMS.reads, "weight", "bias"), SUMS.integers
)
_INPUT_RELU: Final = fused("relu backward, gradient of x", kernels.batch_input_relu, (*INPUT.reads, "bias"))


def fuse(joined: Joined) -> None:
    """Joins every batch normalisation with the ReLU behind it, and with the padding behind that."""
    for row in list(joined.rows):
        if row.operation is NORMALISE and joined.large(row.writes[0]):
            _fuse(joined, row)


def _fuse(joined: Joined, row: Row) -> None:
    normalised, bias = row.writes[0], row.reads[5]
    relu = joined.reader(normalised, _FORWARD)
    if relu is None:
        return
    back = joined.reader(normalised, _BACKWARD)
    if back is None:
        if joined.between(normalised, relu):  # nothing goes back through this pass
            _join_forward(joined, row, relu)
        return
    slope = back.writes[0]  # of the normalised numbers
    rows = [found for one in (SUMS, INPUT) if (found := joined.reader(slope, one.kernel.name)) is not None]
    if not rows or not joined.between(normalised, relu, back) or not joined.between(slope, *rows):
        return
    _join_backward(joined, back, rows, row.reads[4], bias)
    _join_forward(joined, row, relu)


def _join_backward(joined: Joined, back: Row, rows: list[Row], weight: Slot, bias: Slot) -> None:
    dy = back.reads[2]
    joined.drop(back)
    for row in rows:
        x, _, mean, rest, rstd, *more = row.reads
        sums = row.operation is SUMS
        measured = (x, dy, mean, rest, rstd)
        reads = (*measured, weight, bias) if sums else (*measured, *more, bias)
        operation = _SUMS_RELU if sums else _INPUT_RELU
        joined.put(
            Row(operation, row.phase, row.path, reads, row.writes, row.integers, row.adds, max(row.parts, back.parts)),
            row,
        )


def _join_forward(joined: Joined, row: Row, relu: Row) -> None:
    output = relu.writes[0]
    place, target = relu, output
    height, width = 1, prod(int(size) for size in output.shape[1:-1])
    frame: tuple[int, ...] = (height, width, 0, 0, height, width)
    pad = joined.reader(output, PAD.kernel.name)
    if pad is not None and joined.between(output, pad):
        place, target, frame = pad, pad.writes[0], pad.integers
        H, W, top, left, *_ = pad.integers
        joined.keep(output, target, (slice(None), slice(top, top + H), slice(left, left + W)))
        joined.drop(relu)
    joined.drop(row)
    new = Row(_NORMALISE_RELU, row.phase, row.path, row.reads, (target,), frame, (False,), max(row.parts, place.parts))
    joined.put(new, place)
