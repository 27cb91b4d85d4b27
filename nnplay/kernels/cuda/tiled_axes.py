"""How rows of convolutions in tiles say what they slide over: pictures (and sequences), or volumes.

Integers are those of `nnplay.kernels.convolution`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from nnplay.kernels.compile.jit import ON_CARD, inline
from nnplay.kernels.cuda.convolution import FLAT, gathering_of_picture
from nnplay.kernels.cuda.volumes import depths_of, gathering_of_volume
from nnplay.kernels.operands import dimension, integer

if ON_CARD:
    from nnplay.kernels.cuda.intrinsics import anew as anew
else:

    @inline
    def anew(row: Any) -> Any:
        """The row."""
        return row


class Axes(NamedTuple):
    """How rows of pictures, or of volumes, say what they slide over; functions of the row that kernels call.

    Attributes:
        name: in the names of kernels.
        forward, forward_without_bias, weight: (OD, HP, KD, SD, DD), where HP are the lines of a plane of x.
        width: OW, in the row of the gradient of weights.
        gathering: what `nnplay.kernels.cuda.convolution.gather_gradient` takes.
    """

    name: str
    forward: Any
    forward_without_bias: Any
    weight: Any
    width: Any
    gathering: Any


@inline
def flat(row: Any) -> Any:
    """`FLAT`, of any picture."""
    return FLAT


@inline
def flat_width(row: Any) -> int:
    """OW of a picture, among the integers of the gradient of weights."""
    width: int = integer(row, 8)
    return width


@inline
def depths_of_biased(row: Any) -> Any:
    """The depths of a volume's row whose operand 3 is y."""
    return depths_of(row, 9, dimension(row, 3, 1), integer(row, 7))


@inline
def depths_of_plain(row: Any) -> Any:
    """The same of a row whose operand 2 is y."""
    return depths_of(row, 9, dimension(row, 2, 1), integer(row, 7))


@inline
def depths_of_weight(row: Any) -> Any:
    """The same of the gradient of weights."""
    return depths_of(row, 8, dimension(row, 1, 1), integer(row, 7))


@inline
def deep_width(row: Any) -> int:
    """OW of a volume, in the row of the gradient of weights."""
    width: int = dimension(row, 1, 2)
    return width


PICTURES: Final = Axes("picture", flat, flat, flat, flat_width, gathering_of_picture)
VOLUMES: Final = Axes("volume", depths_of_biased, depths_of_plain, depths_of_weight, deep_width, gathering_of_volume)
