"""Gradients of weight_hh and bias_hh of a cell whose last gate hears the old state through its reset gate.

The state's part in the pre-activations of r and z has `dgates` as its gradient; its part in n, which the reset gate
multiplies, has `drecalled`. Where the reset gate is in front of the weights, they meet r·state, which is `recalled`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.cuda import recurrence as cuda
from nnplay.kernels.matmul import product
from nnplay.kernels.operands import adds, dimension, integer, pointer, rows_of, share, shifted
from nnplay.kernels.recurrent_batches import PANEL, column_sums
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


@kernel
def weight_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dweight_hh[j,k] = Σₙₜ previous[n,t,j]·(dr, dz, drecalled)[n,t,k], (D·H, 3H); parts are columns.

    recalled = previous·weight_hh + bias_hh for n; r and z add it to their inputs. previous, drecalled (N·T, D·H),
    dgates (N·T, D·3H).
    """
    D, G = integer(row, 0), dimension(row, 3, 1)
    M, W = rows_of(row, memory, 0).shape
    H = W // D
    start, stop = share(row, part, (G + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, G)
    split = min(max(k, 2 * H), end)  # columns before it belong to r and z, from it on to n
    for d in range(D):
        A, C = shifted(pointer(row, memory, 0), d * H), shifted(pointer(row, memory, 3), d * H * G)
        of_gates, of_n = shifted(pointer(row, memory, 1), d * G), shifted(pointer(row, memory, 2), d * H - 2 * H)
        product(A, 1, W, shifted(of_gates, k), D * G, shifted(C, k), G, H, split - k, M, adds(row, 3))
        product(A, 1, W, shifted(of_n, split), W, shifted(C, split), G, H, end - split, M, adds(row, 3))


@kernel
def weight_back_before(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dweight_hh[j,k] = Σₙₜ (previous for r and z, recalled for n)[n,t,j]·dgates[n,t,k], (D·H, 3H); parts are columns.

    previous, recalled (N·T, D·H), dgates (N·T, D·3H).
    """
    D, G = integer(row, 0), dimension(row, 3, 1)
    M, W = rows_of(row, memory, 0).shape
    H = W // D
    start, stop = share(row, part, (G + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, G)
    split = min(max(k, 2 * H), end)  # columns before it belong to r and z, from it on to n
    for d in range(D):
        B, C = shifted(pointer(row, memory, 2), d * G), shifted(pointer(row, memory, 3), d * H * G)
        previous, recalled = shifted(pointer(row, memory, 0), d * H), shifted(pointer(row, memory, 1), d * H)
        product(previous, 1, W, shifted(B, k), D * G, shifted(C, k), G, H, split - k, M, adds(row, 3))
        product(recalled, 1, W, shifted(B, split), D * G, shifted(C, split), G, H, end - split, M, adds(row, 3))


@kernel
def bias_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dbias_hh (D·3H) = Σₙₜ (dr, dz, drecalled), for dgates (N·T, D·3H), drecalled (N·T, D·H); parts are directions."""
    D = integer(row, 0)  # dgates (N·T, D·3H), drecalled (N·T, D·H), dbias (D·3H); parts are directions
    M, W = rows_of(row, memory, 1).shape
    H = W // D
    start, stop = share(row, part, D)
    for d in range(start, stop):
        db = shifted(pointer(row, memory, 2), d * 3 * H)
        column_sums(shifted(pointer(row, memory, 0), d * 3 * H), D * 3 * H, db, M, 2 * H, adds(row, 2))
        column_sums(shifted(pointer(row, memory, 1), d * H), W, shifted(db, 2 * H), M, H, adds(row, 2))


def _pre_activations(dgates: Array, drecalled: Array, directions: int) -> Array:
    """(N·T, D, 3H): gradients of the old state's part in the pre-activations of r, z, n."""
    units = drecalled.shape[-1] // directions
    gates = dgates.reshape(-1, directions, 3 * units)
    return np.concatenate([gates[..., : 2 * units], drecalled.reshape(-1, directions, units)], axis=2)


def _weight_back(previous: Array, dgates: Array, drecalled: Array, directions: int) -> Array:
    states = previous.reshape(-1, directions, previous.shape[-1] // directions)
    found = np.einsum("mdj,mdk->djk", states, _pre_activations(dgates, drecalled, directions))
    return np.asarray(found.reshape(previous.shape[-1], -1))


def _pre_activation_term(dgates: Named, drecalled: Named, n: int, t: int, d: int, k: int, units: int) -> Term:
    if k < 2 * units:
        return dgates[n, t, d * 3 * units + k]
    return drecalled[n, t, d * units + k - 2 * units]


def _weight_element(at: tuple[int, ...], previous: Named, dgates: Named, drecalled: Named, directions: int) -> Term:
    units = previous.shape[2] // directions
    d = at[0] // units
    return total(
        previous[n, t, at[0]] * _pre_activation_term(dgates, drecalled, n, t, d, at[1], units)
        for n, t in np.ndindex(previous.shape[:2])
    )


def _weight_back_before(previous: Array, recalled: Array, dgates: Array, directions: int) -> Array:
    units = previous.shape[-1] // directions
    states, reset = (array.reshape(-1, directions, units) for array in (previous, recalled))
    gates = dgates.reshape(-1, directions, 3 * units)
    of_gates = np.einsum("mdj,mdk->djk", states, gates[..., : 2 * units])
    of_n = np.einsum("mdj,mdk->djk", reset, gates[..., 2 * units :])
    return np.concatenate([of_gates, of_n], axis=2).reshape(previous.shape[-1], -1)


def _before_element(at: tuple[int, ...], previous: Named, recalled: Named, dgates: Named, directions: int) -> Term:
    units = previous.shape[2] // directions
    seen, k = recalled if at[1] >= 2 * units else previous, at[0] // units * 3 * units + at[1]
    return total(seen[n, t, at[0]] * dgates[n, t, k] for n, t in np.ndindex(previous.shape[:2]))


def _bias_element(at: tuple[int, ...], dgates: Named, drecalled: Named, directions: int) -> Term:
    units = drecalled.shape[2] // directions
    d, k = at[0] // (3 * units), at[0] % (3 * units)
    return total(_pre_activation_term(dgates, drecalled, n, t, d, k, units) for n, t in np.ndindex(dgates.shape[:2]))


WEIGHT_BACK = Operation(
    name="gradient of weight_hh",
    kernel=weight_back,
    cuda=(CudaRow(cuda.gru_weight_gradient),),
    reads=("previous", "dgates", "drecalled"),
    writes=("dweight_hh",),
    reference=_weight_back,
    formula="dweight_hh[j,k] = Σₙₜ previous[n,t,j]·dgates[n,t,k] for r and z, with drecalled[n,t,k] for n",
    words="The same weights are used at every step, so their gradient is summed over the steps as well as the batch.",
    element=_weight_element,
    integers=("directions",),
    torch="autograd",
)
WEIGHT_BACK_BEFORE = Operation(
    name="gradient of weight_hh",
    kernel=weight_back_before,
    cuda=(CudaRow(cuda.gru_weight_gradient_before),),
    reads=("previous", "recalled", "dgates"),
    writes=("dweight_hh",),
    reference=_weight_back_before,
    formula="dweight_hh[j,k] = Σₙₜ previous[n,t,j]·dgates[n,t,k] for r and z, recalled[n,t,j]·dgates[n,t,k] for n",
    words="The same weights are used at every step, so their gradient is summed over the steps as well as the batch.",
    element=_before_element,
    integers=("directions",),
    torch="PyTorch's GRU resets behind the weights",
)
BIAS_BACK = Operation(
    name="gradient of bias_hh",
    kernel=bias_back,
    cuda=(CudaRow(cuda.gru_bias_gradient),),
    reads=("dgates", "drecalled"),
    writes=("dbias",),
    reference=lambda dgates, drecalled, directions: _pre_activations(dgates, drecalled, directions).sum(axis=0),
    formula="dbias_hh[k] = Σₙₜ dgates[n,t,k] for r and z, Σₙₜ drecalled[n,t,k] for n",
    words="A bias shifts its gate equally at every step; that of n acts inside the reset gate.",
    element=_bias_element,
    integers=("directions",),
    torch="autograd",
)
