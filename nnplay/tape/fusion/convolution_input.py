"""The gradient of a convolution's input: zeros are put around each picture of dy just before that picture is used."""

from __future__ import annotations

from typing import Final

from nnplay.kernels.convolution import input_gradient as kernels
from nnplay.operations.border import PAD
from nnplay.operations.convolution import PICTURE
from nnplay.tape.fusion.joined import Joined, fused
from nnplay.tape.tape import Row

_PAD_INPUT_GRADIENT: Final = fused(
    "zero padding, spread by w",
    kernels.pad_input_gradient,
    PICTURE.input_gradient.reads,
    kernels.INPUT_GRADIENT,
)


def fuse(joined: Joined) -> None:
    """Joins every such gradient of pictures with the padding in front of it."""
    for row in list(joined.rows):
        if row.operation is not PICTURE.input_gradient:
            continue
        padded = row.reads[0]
        writers = joined.writers(padded)
        if len(writers) != 1 or writers[0].operation is not PAD or not joined.large(padded):
            continue
        pad = writers[0]
        if joined.between(padded, row) and len(pad.reads[0].shape) == 4 and row.parts <= joined.batch:
            joined.drop(pad)
            reads, writes = (pad.reads[0], row.reads[1]), (padded, row.writes[0])
            adds = (False, *row.adds)
            joined.put(Row(_PAD_INPUT_GRADIENT, row.phase, row.path, reads, writes, row.integers, adds, row.parts), row)
