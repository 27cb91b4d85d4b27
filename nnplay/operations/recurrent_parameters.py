"""Gradients of the parameters that only some recurrent layers have: initial states, peepholes, a projection."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, kernel, noalias
from nnplay.kernels.cuda import linear
from nnplay.kernels.cuda import recurrence as cuda
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.matmul import product
from nnplay.kernels.operands import adds, dimension, integer, pointer, ratio, rows_of, share, shifted, size
from nnplay.kernels.recurrent_batches import PANEL, column_sums, zero
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


@cache
def initial_gradient(state: str) -> Operation:
    """The row of the gradient of a learned state before the first step, for the state of that name."""
    return Operation(
        name=f"gradient of the initial {state} state",
        kernel=initial_back,
        cuda=(CudaRow(linear.backward_bias),),
        reads=(f"dfirst_{state}",),
        writes=(f"dinitial_{state}",),
        reference=lambda dfirst: dfirst.sum(axis=0),
        formula=f"dinitial_{state}[j] = Σₙ dfirst_{state}[n,j]",
        words="Every sequence begins with the same state, so what they all blame it for is added up.",
        element=lambda at, dfirst: total(dfirst[n, at[0]] for n in range(dfirst.shape[0])),
        torch="autograd, of an h_0 that is a parameter",
    )


@kernel
def initial_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """previous[first step] = initial, so dinitial (W) = Σₙ dfirst, for dfirst (N, W); parts are columns."""
    N, W = rows_of(row, memory, 0).shape
    start, stop = share(row, part, (W + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, W)
    column_sums(shifted(pointer(row, memory, 0), k), W, shifted(pointer(row, memory, 1), k), N, end - k, adds(row, 1))


@kernel
def peephole_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """i and f see before·p, o sees cell·p, so dp = Σₙₜ dgates·before for i and f, dgates·cell for o.

    before, cell (N·T, D·H), dgates (N·T, D·4H), dpeephole (D·3H); parts are directions.
    """
    D = integer(row, 0)
    M, W = rows_of(row, memory, 0).shape
    H = W // D
    start, stop = share(row, part, D)
    for d in range(start, stop):
        dp = shifted(pointer(row, memory, 3), d * 3 * H)
        if not adds(row, 3):
            zero(dp, 3 * H)
        for m in range(M):
            dz = shifted(pointer(row, memory, 2), (m * D + d) * 4 * H)
            before = shifted(pointer(row, memory, 0), m * W + d * H)
            add_product(dp, dz, before, H)
            add_product(shifted(dp, H), shifted(dz, H), before, H)
            add_product(shifted(dp, 2 * H), shifted(dz, 3 * H), shifted(pointer(row, memory, 1), m * W + d * H), H)


@noalias
def add_product(sums: Any, a: Any, b: Any, H: int) -> None:
    """sums (H) += a·b, number by number."""
    for j in range(H):
        sums[j] = multiply_add(a[j], b[j], sums[j])


@kernel
def projection_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """hidden = shown·weight_hr, so dweight_hr (D·H, P) = shownᵀ·dstate, by direction.

    shown (N·T, D·H), dstate (N·T, D·P); parts are columns.
    """
    D, P = integer(row, 0), dimension(row, 2, 1)
    M, W = rows_of(row, memory, 0).shape
    H = W // D
    start, stop = share(row, part, (P + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, P)
    for d in range(D):
        A, B = shifted(pointer(row, memory, 0), d * H), shifted(pointer(row, memory, 1), d * P + k)
        product(A, 1, W, B, D * P, shifted(pointer(row, memory, 2), d * H * P + k), P, H, end - k, M, adds(row, 2))


@kernel
def peephole_back_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `peephole_back`: every parts-th number of dpeephole (D·3H)."""
    dz, dp, D = pointer(row, memory, 2), pointer(row, memory, 3), integer(row, 0)
    M, W = rows_of(row, memory, 0).shape
    H = ratio(W, D)
    at = part
    while at < size(row, 3):
        gate = ratio(at, H)
        d, j = ratio(gate, 3), at - gate * H
        gate -= 3 * d
        seen = shifted(pointer(row, memory, 0) if gate < 2 else pointer(row, memory, 1), d * H + j)
        own = shifted(dz, d * 4 * H + (gate if gate < 2 else 3) * H + j)
        begin = dp[at] if adds(row, 3) else DTYPE(0.0)
        dp[at] = chain(own, D * 4 * H, seen, W, M, begin)
        at += row[ROW_PARTS]


def _peephole_back(before: Array, cell: Array, dgates: Array, directions: int) -> Array:
    units = before.shape[-1] // directions
    old, new = (array.reshape(-1, directions, units) for array in (before, cell))
    i, f, _, o = np.split(dgates.reshape(-1, directions, 4 * units), 4, axis=2)
    return np.asarray(np.concatenate([i * old, f * old, o * new], axis=2).sum(axis=0).ravel())


def _peephole_element(at: tuple[int, ...], before: Named, cell: Named, dgates: Named, directions: int) -> Term:
    units = before.shape[-1] // directions
    d, gate, j = at[0] // (3 * units), at[0] % (3 * units) // units, at[0] % units
    seen, k = (cell, 3) if gate == 2 else (before, gate)
    return total(
        dgates[n, t, d * 4 * units + k * units + j] * seen[n, t, d * units + j] for n, t in np.ndindex(before.shape[:2])
    )


def _projection_back(shown: Array, dstate: Array, directions: int) -> Array:
    cells, states = (array.reshape(-1, directions, array.shape[-1] // directions) for array in (shown, dstate))
    return np.asarray(np.einsum("mdj,mdk->djk", cells, states)).reshape(-1, states.shape[2])


def _projection_element(at: tuple[int, ...], shown: Named, dstate: Named, directions: int) -> Term:
    units, state = shown.shape[-1] // directions, dstate.shape[-1] // directions
    k = at[0] // units * state + at[1]
    return total(shown[n, t, at[0]] * dstate[n, t, k] for n, t in np.ndindex(shown.shape[:2]))


PEEPHOLE_BACK = Operation(
    name="gradient of the peepholes",
    kernel=peephole_back,
    cuda=(CudaRow(peephole_back_cuda),),
    reads=("before", "cell", "dgates"),
    writes=("dpeephole",),
    reference=_peephole_back,
    formula="dpeephole[j] = Σₙₜ dgates[n,t,j]·before[n,t,j] for i and f, ·cell[n,t,j] for o",
    words="A peephole is used at every step, so its gradient is summed over the steps as well as the batch.",
    element=_peephole_element,
    integers=("directions",),
    torch="PyTorch's LSTM has no peepholes",
)
PROJECTION_BACK = Operation(
    name="gradient of weight_hr",
    kernel=projection_back,
    cuda=(CudaRow(cuda.recurrent_gradient),),
    reads=("shown", "dstate"),
    writes=("dweight_hr",),
    reference=_projection_back,
    formula="dweight_hr[j,k] = Σₙₜ shown[n,t,j]·dstate[n,t,k]",
    words="The same weights are used at every step, so their gradient is summed over the steps as well as the batch.",
    element=_projection_element,
    integers=("directions",),
    torch="autograd",
)
