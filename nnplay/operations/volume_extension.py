"""Rows that put a border of the input's own numbers around volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import volume_extension as kernels
from nnplay.kernels.cuda import extension as cuda
from nnplay.operations.extension import sources
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]
#: The integers of each axis: its size, what is in front of it, and its size with the border.
_AXES = (("D", "front", "DP"), ("H", "top", "HP"), ("W", "left", "WP"))


def _tables(given: Mapping[str, int]) -> list[Array]:
    """Along each axis, the place of the input that is copied to each place."""
    return [sources(given[size], given[before], given[whole], given["mode"]) for size, before, whole in _AXES]


def extended(x: Array, **given: int) -> Array:
    for axis, table in enumerate(_tables(given), 1):
        x = x.take(table, axis)
    return x


def extended_back(dy: Array, **given: int) -> Array:
    for axis, (table, (size, _, _)) in enumerate(zip(_tables(given), _AXES, strict=True), 1):
        moved = np.moveaxis(dy, axis, 0)
        found = np.zeros((given[size], *moved.shape[1:]), dy.dtype)
        np.add.at(found, table, moved)
        dy = np.moveaxis(found, 0, axis)
    return dy


def _extended_element(at: tuple[int, ...], x: Named, **given: int) -> Term:
    places = (int(table[i]) for table, i in zip(_tables(given), at[1:-1], strict=True))
    return x[(at[0], *places, at[-1])] * 1.0


def _back_element(at: tuple[int, ...], dy: Named, **given: int) -> Term:
    copies = [np.nonzero(table == i)[0] for table, i in zip(_tables(given), at[1:-1], strict=True)]
    places = np.stack(np.meshgrid(*copies, indexing="ij"), axis=-1).reshape(-1, len(copies))
    return total(dy[(at[0], *(int(i) for i in place), at[-1])] for place in places)


EXTEND = Operation(
    name="padding of volumes from inside",
    kernel=kernels.extend,
    cuda=(NumberRow(cuda.extend_volume, gathers=True),),
    reads=("x",),
    writes=("y",),
    reference=extended,
    formula="y[n,d,h,w,c] = x[n,d′,h′,w′,c], where d′, h′, w′ are d - front, h - top, w - left taken inside",
    words="Goes on beyond the border with the volume's own values, so that the edge looks like the rest to a window.",
    element=_extended_element,
    integers=kernels.EXTENSION3,
    torch="torch.nn.functional.pad (channels first)",
)
EXTEND_BACK = Operation(
    name="gradients of all copies in volumes",
    kernel=kernels.extend_backward,
    cuda=(NumberRow(cuda.extend_volume_backward, gathers=True),),
    reads=("dy",),
    writes=("dx",),
    reference=extended_back,
    formula="dx[n,d′,h′,w′,c] = Σ dy[n,d,h,w,c] over all places that it was copied to",
    words="A value that was copied into the border had a say there too, so its gradients are added up.",
    element=_back_element,
    integers=kernels.EXTENSION3,
    torch="autograd",
)
