"""The rows of pixel shuffle and its reverse: blocks of channels become blocks of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import rearranging as kernels
from nnplay.kernels.cuda import rearranging as cuda
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


def shuffled(x: Array, H: int, W: int, R: int, C: int) -> Array:
    return x.reshape(-1, H, W, C, R, R).transpose(0, 1, 4, 2, 5, 3).reshape(-1, H * R, W * R, C)


def unshuffled(x: Array, H: int, W: int, R: int, C: int) -> Array:
    return np.asarray(x.reshape(-1, H, R, W, R, C).transpose(0, 1, 3, 5, 2, 4).reshape(-1, H, W, C * R * R))


def _shuffled_element(at: tuple[int, ...], x: Named, H: int, W: int, R: int, C: int) -> Term:
    n, h, w, c = at
    return x[n, h // R, w // R, (c * R + h % R) * R + w % R]


def _unshuffled_element(at: tuple[int, ...], x: Named, H: int, W: int, R: int, C: int) -> Term:
    n, h, w, channel = at
    return x[n, h * R + channel // R % R, w * R + channel % R, channel // (R * R)]


SHUFFLE = Operation(
    name="pixel shuffle",
    kernel=kernels.shuffle,
    cuda=(NumberRow(cuda.shuffle, gathers=True),),
    reads=("x",),
    writes=("y",),
    reference=shuffled,
    formula="y[n,h·R + i,w·R + j,c] = x[n,h,w,(c·R + i)·R + j]",
    words="R·R channels of one pixel become a block of R×R pixels of one channel; nothing is computed.",
    element=_shuffled_element,
    integers=kernels.SHUFFLE,
    torch="torch.nn.functional.pixel_shuffle (channels first)",
)
UNSHUFFLE = Operation(
    name="pixel unshuffle",
    kernel=kernels.unshuffle,
    cuda=(NumberRow(cuda.unshuffle, gathers=True),),
    reads=("x",),
    writes=("y",),
    reference=unshuffled,
    formula="y[n,h,w,(c·R + i)·R + j] = x[n,h·R + i,w·R + j,c]",
    words="A block of R×R pixels of one channel becomes R·R channels of one pixel; nothing is computed.",
    element=_unshuffled_element,
    integers=kernels.SHUFFLE,
    torch="torch.nn.functional.pixel_unshuffle (channels first)",
)
