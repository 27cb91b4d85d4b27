"""The rows of unpooling: numbers go where the largest ones of another branch stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.cuda import unpooling as cuda
from nnplay.kernels.pooling import unpooling as kernels
from nnplay.kernels.pooling.volumes import POOL3
from nnplay.operations.volume_pooling import unpack, windows
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


def _put(which: Array, **pool: int) -> Iterator[tuple[int, int, Array]]:
    """Places of windows in order, each with the inputs under it and where (N, C) that input is the chosen one."""
    chosen = which.reshape(len(which), -1, which.shape[-1])
    for one in windows(**pool):
        for tap, source in zip(one.taps, one.sources, strict=True):
            yield one.place, source, chosen[:, one.place] == tap


def _unpool(x: Array, which: Array, **pool: int) -> tuple[Array, Array]:
    """y and writer (N, D·H·W, C)."""
    flat = x.reshape(len(x), -1, x.shape[-1])
    y = np.zeros((len(x), int(np.prod(unpack(pool["sizes"]))), x.shape[-1]), x.dtype)
    writer = np.zeros_like(y)
    for place, source, here in _put(which, **pool):
        y[:, source] = np.where(here, flat[:, place], y[:, source])
        writer[:, source] = np.where(here, 1 + place, writer[:, source])
    return y, writer


def _unpool_back(dy: Array, which: Array, writer: Array, **pool: int) -> Array:
    """dx in the shape of which."""
    given, wrote = (one.reshape(len(one), -1, one.shape[-1]) for one in (dy, writer))
    dx = np.zeros((len(dy), int(np.prod(unpack(pool["outputs"]))), dy.shape[-1]), dy.dtype)
    for place, source, here in _put(which, **pool):
        dx[:, place] += np.where(here & (wrote[:, source] == 1 + place), given[:, source], 0)
    return dx.reshape(which.shape)


def _element(at: tuple[int, ...], x: Named, which: Named, **pool: int) -> Term:
    _, writer = _unpool(x.array, which.array, **pool)
    own = int(np.ravel_multi_index((0, 0, *at[1:-1])[-3:], unpack(pool["sizes"])))
    place = int(writer[at[0], own, at[-1]]) - 1
    if place < 0:
        return as_term(0.0)
    index = tuple(int(k) for k in np.unravel_index(place, unpack(pool["outputs"])))
    return x[(at[0], *index[5 - len(at) :], at[-1])] * 1.0


def _element_back(at: tuple[int, ...], dy: Named, which: Named, writer: Named, **pool: int) -> Term:
    own = int(np.ravel_multi_index((0, 0, *at[1:-1])[-3:], unpack(pool["outputs"])))
    for place, source, here in _put(which.array, **pool):
        if place == own and here[at[0], at[-1]]:
            index = tuple(int(k) for k in np.unravel_index(source, unpack(pool["sizes"])))
            target = (at[0], *index[5 - len(at) :], at[-1])
            return dy[target] * 1.0 if writer.array[target] == 1 + place else as_term(0.0)
    return as_term(0.0)


UNPOOL = Operation(
    name="numbers to the places of the maxima",
    kernel=kernels.unpool,
    cuda=(CudaRow(cuda.unpool),),
    reads=("x0", "which"),
    writes=("y", "writer"),
    reference=_unpool,
    formula="y[n,which[n,p,c],c] = x0[n,p,c], 0 elsewhere",
    words="Every number goes to where the largest of its window stood; all other places are 0.",
    element=_element,
    integers=POOL3,
    torch="torch.nn.functional.max_unpool2d (channels first)",
)
UNPOOL_BACK = Operation(
    name="gradient from the places of the maxima",
    kernel=kernels.unpool_back,
    cuda=(NumberRow(cuda.unpool_back, gathers=True),),
    reads=("dy", "which", "writer"),
    writes=("dx0",),
    reference=_unpool_back,
    formula="dx0[n,p,c] = dy[n,which[n,p,c],c], 0 where a later window has put its own",
    words="A number gets the gradient of the place where it was put.",
    element=_element_back,
    integers=POOL3,
    torch="autograd, which is the same where no two windows choose one place",
)
NOTHING_BACK = Operation(
    name="gradient of what only shows the places",
    kernel=kernels.nothing_back,
    cuda=(NumberRow(kernels.nothing_back),),
    reads=(),
    writes=("dx1",),
    reference=lambda **given: np.zeros(given["shapes"][0], given["dtype"]),
    formula="dx1 = 0",
    words="Where the largest number stands does not change when numbers move a little.",
    element=lambda at, written, **given: as_term(0.0),
    torch="none: places are whole numbers",
)
