"""What a convolution sees for one output: the window of its input, and the kernel that lies on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.records.operation import Operation

Array = NDArray[Any]
_OPERANDS: Final = ("x", "weight")


@dataclass(frozen=True, slots=True)
class WindowPatch:
    """The numbers that one output of a convolution is the sum of products of.

    Attributes:
        seen: (KH, KW, channels) of the input.
        kernel: (KH, KW, channels) of the filter.
        filter: which one.
        order: the channels, the one that gives most first.
    """

    seen: NDArray[np.float64]
    kernel: NDArray[np.float64]
    filter: int
    order: tuple[int, ...]


def find_patch(
    operation: Operation, values: Mapping[str, Array], index: tuple[int, ...], touched: Mapping[str, NDArray[np.int64]]
) -> WindowPatch | None:
    """The patch of the chosen element, where the row is a convolution over one or two axes.

    Args:
        values: the operands by name.
        touched: the elements (k, rank) of each that take part.
    """
    if operation.reads[:2] != _OPERANDS or not all(name in touched for name in _OPERANDS):
        return None
    x, weight, places = values["x"], values["weight"], touched["x"]
    taps = weight.shape[:-2]
    if not 1 <= len(taps) <= 2 or x.ndim != len(taps) + 2 or len(places) != math.prod(weight.shape[:-1]):
        return None
    shape = (*(1,) * (2 - len(taps)), *taps, weight.shape[-2])
    # Both lie in the order of rows, columns and channels: a kernel's numbers meet the window's one by one.
    seen = x[tuple(places.T)].astype(np.float64).reshape(shape)
    kernel = weight[..., index[-1]].astype(np.float64).reshape(shape)
    given = np.abs((seen * kernel).sum(axis=(0, 1)))
    return WindowPatch(seen, kernel, index[-1], tuple(np.argsort(-given, kind="stable").tolist()))
