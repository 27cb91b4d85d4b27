"""Rows around the loop of a recurrent layer: what treats all steps alike, such as products with the input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.cuda import linear
from nnplay.kernels.cuda import recurrence as cuda
from nnplay.kernels.matmul import multiply, product, product_transposed
from nnplay.kernels.operands import adds, cube, dimension, flat, integer, matrix, pointer, rows_of, share, shifted
from nnplay.kernels.recurrent_batches import PANEL, column_sums
from nnplay.operations import tiled_forms
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


@kernel
def inputs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """inputs (N·T, G) = x·weight_ih + bias_ih, for x (N·T, C), weight_ih (C, G), bias_ih (G)."""
    x, w = rows_of(row, memory, 0), rows_of(row, memory, 1)
    C, G = w.shape
    start, stop = share(row, part, x.shape[0])
    X, Y = shifted(pointer(row, memory, 0), start * C), shifted(pointer(row, memory, 3), start * G)
    multiply(X, C, 1, pointer(row, memory, 1), G, 1, Y, G, pointer(row, memory, 2), 0, stop - start, G, C)


@kernel
def present(row: Any, clock: Any, memory: Any, part: int) -> None:
    """present[n,t] = 1 if any x[n,t,c] ≠ 0, else 0; x (N, T, C), present (N, T)."""
    x, mask = cube(row, memory, 0), matrix(row, memory, 1)
    N, T, C = x.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for t in range(T):
            found = 0.0
            for c in range(C):
                if x[n, t, c] != 0.0:  # NaN counts as present: it must reach the loss
                    found = 1.0
            mask[n, t] = found


@kernel
def last(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n] = hidden[n, T−1], of a backward direction hidden[n, 0]; hidden (N, T, D·H), y (N, D·H)."""
    hidden, y = cube(row, memory, 0), matrix(row, memory, 1)
    N, T, W = hidden.shape
    units = W // integer(row, 0)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for j in range(units):
            y[n, j] = hidden[n, T - 1, j]
        for j in range(units, W):
            y[n, j] = hidden[n, 0, j]


@kernel
def last_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n] = hidden[n, T−1], so dhidden[n, T−1] = dy[n], 0 elsewhere; dy (N, D·H), dhidden (N, T, D·H)."""
    dy, dhidden = matrix(row, memory, 0), cube(row, memory, 1)
    N, T, W = dhidden.shape
    units = W // integer(row, 0)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for t in range(T):
            for j in range(W):
                dhidden[n, t, j] = 0.0
        for j in range(units):
            dhidden[n, T - 1, j] = dy[n, j]
        for j in range(units, W):
            dhidden[n, 0, j] = dy[n, j]


@kernel
def visible(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[r] = a[r] where mask[r] ≠ 0, else 0; a, y (N·T, C), mask (N·T,). Its own backward."""
    a, mask, y = rows_of(row, memory, 0), flat(row, memory, 1), rows_of(row, memory, 2)
    start, stop = share(row, part, a.shape[0])
    for r in range(start, stop):
        for j in range(a.shape[1]):
            y[r, j] = a[r, j] if mask[r] != 0.0 else 0.0


@kernel
def transpose(row: Any, clock: Any, memory: Any, part: int) -> None:
    """transposed[d·G + k, j] = weight_hh[d·H + j, k], for weight_hh (D·H, G), transposed (D·G, H)."""
    w, transposed = matrix(row, memory, 0), matrix(row, memory, 1)
    G, H = w.shape[1], transposed.shape[1]
    for d in range(integer(row, 0)):
        for k in range(G):
            for j in range(H):
                transposed[d * G + k, j] = w[d * H + j, k]


@kernel
def recurrent_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """gates = … + previous·weight_hh, so dweight_hh (D·H, G) = previousᵀ·dgates, by direction.

    previous (N·T, D·H), dgates (N·T, D·G). Parts are columns, so that dgates is read once.
    """
    D, G = integer(row, 0), dimension(row, 2, 1)
    M, W = rows_of(row, memory, 0).shape
    H = W // D
    start, stop = share(row, part, (G + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, G)
    for d in range(D):
        A, B = shifted(pointer(row, memory, 0), d * H), shifted(pointer(row, memory, 1), d * G + k)
        C = shifted(pointer(row, memory, 2), d * H * G + k)
        product(A, 1, W, B, D * G, C, G, H, end - k, M, adds(row, 2))


@kernel
def weight_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """inputs = x·weight_ih + bias_ih, so dweight_ih (C, G) = xᵀ·dgates; x (N·T, C), dgates (N·T, G)."""
    x, dgates = rows_of(row, memory, 0), rows_of(row, memory, 1)
    C, G = x.shape[1], dgates.shape[1]
    start, stop = share(row, part, (G + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, G)
    B, dW = shifted(pointer(row, memory, 1), k), shifted(pointer(row, memory, 2), k)
    product(pointer(row, memory, 0), 1, C, B, G, dW, G, C, end - k, x.shape[0], adds(row, 2))


@kernel
def bias_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """inputs = x·weight_ih + bias_ih, so dbias (G) = Σₙₜ dgates, for dgates (N·T, G)."""
    dgates = rows_of(row, memory, 0)
    M, G = dgates.shape
    start, stop = share(row, part, (G + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, G)
    B, db = shifted(pointer(row, memory, 0), k), shifted(pointer(row, memory, 1), k)
    column_sums(B, G, db, M, end - k, adds(row, 1))


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """inputs = x·weight_ih + bias_ih, so dx (N·T, C) = dgates·weight_ihᵀ; dgates (N·T, G), weight_ih (C, G)."""
    dgates, w = rows_of(row, memory, 0), rows_of(row, memory, 1)
    C, G = w.shape
    start, stop = share(row, part, dgates.shape[0])
    dG, dX = shifted(pointer(row, memory, 0), start * G), shifted(pointer(row, memory, 2), start * C)
    product_transposed(dG, G, 1, pointer(row, memory, 1), G, dX, C, stop - start, C, G, adds(row, 2))


def _flat(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])


def _place(at: tuple[int, ...], shape: tuple[int, ...], directions: int) -> tuple[int, ...]:
    """Where number j of the last state stands among the states of all steps."""
    n, j = at
    return (n, shape[1] - 1 if j < shape[2] // directions else 0, j)


def _last(hidden: Array, directions: int) -> Array:
    units = hidden.shape[2] // directions
    return np.concatenate([hidden[:, -1, :units], hidden[:, 0, units:]], axis=1)


def _last_back(dy: Array, directions: int, steps: int) -> Array:
    dhidden = np.zeros((len(dy), steps, dy.shape[1]), dy.dtype)
    units = dy.shape[1] // directions
    dhidden[:, -1, :units] = dy[:, :units]
    dhidden[:, 0, units:] = dy[:, units:]
    return dhidden


def _last_back_element(at: tuple[int, ...], dy: Named, directions: int, steps: int) -> Term:
    n, t, j = at
    seen = t == _place((n, j), (len(dy.array), steps, dy.shape[1]), directions)[1]
    return dy[n, j] * 1.0 if seen else as_term(0.0)


def _transposed(weight_hh: Array, directions: int) -> Array:
    blocks = weight_hh.reshape(directions, -1, weight_hh.shape[1])
    return blocks.transpose(0, 2, 1).reshape(-1, blocks.shape[1])


def _transposed_element(at: tuple[int, ...], weight_hh: Named, directions: int) -> Term:
    gates, units = weight_hh.shape[1], weight_hh.shape[0] // directions
    return weight_hh[at[0] // gates * units + at[1], at[0] % gates] * 1.0


def _recurrent_gradient(previous: Array, dgates: Array, directions: int) -> Array:
    states = _flat(previous).reshape(-1, directions, previous.shape[-1] // directions)
    blame = _flat(dgates).reshape(-1, directions, dgates.shape[-1] // directions)
    return np.asarray(np.einsum("mdj,mdk->djk", states, blame)).reshape(previous.shape[-1], -1)


def _recurrent_element(at: tuple[int, ...], previous: Named, dgates: Named, directions: int) -> Term:
    units, gates = previous.shape[-1] // directions, dgates.shape[-1] // directions
    k = at[0] // units * gates + at[1]
    return total(previous[n, t, at[0]] * dgates[n, t, k] for n, t in np.ndindex(previous.shape[:2]))


INPUTS = Operation(
    name="x·weight_ih + bias_ih, all steps",
    kernel=inputs,
    cuda=(CudaRow(linear.forward),),
    tiled=tiled_forms.FORWARD,
    reads=("x", "weight_ih", "bias_ih"),
    writes=("inputs",),
    reference=lambda x, weight_ih, bias_ih: x @ weight_ih + bias_ih,
    formula="inputs[n,t,k] = Σᵢ x[n,t,i]·weight_ih[i,k] + bias_ih[k]",
    words="What the input contributes to every gate. It does not need the state, so one product does all steps.",
    element=lambda at, x, weight_ih, bias_ih: (
        total(x[at[0], at[1], i] * weight_ih[i, at[2]] for i in range(weight_ih.shape[0])) + bias_ih[at[2]]
    ),
    torch="torch.nn.functional.linear (its weight is transposed)",
)
PRESENT = Operation(
    name="which steps are present",
    kernel=present,
    cuda=(CudaRow(present),),
    reads=("x",),
    writes=("present",),
    reference=lambda x: (x != 0).any(axis=2).astype(x.dtype),
    formula="present[n,t] = 1 if any x[n,t,i] ≠ 0, else 0",
    words="A step whose features are all exactly 0 is padding after (or before) a shorter sequence.",
    element=lambda at, x: as_term(float(any(x.array[at[0], at[1]] != 0))),
    torch="torch.nn.utils.rnn.pack_padded_sequence",
)
LAST = Operation(
    name="last state",
    kernel=last,
    cuda=(CudaRow(last),),
    reads=("hidden",),
    writes=("y",),
    reference=_last,
    formula="y[n] = hidden[n, T−1]; of a backward direction hidden[n, 0]",
    words="The state after the last step is the output; a direction that reads backwards finishes at step 0.",
    element=lambda at, hidden, directions: hidden[_place(at, hidden.shape, directions)] * 1.0,
    integers=("directions",),
    torch="h_n of torch.nn.LSTM",
)
LAST_BACK = Operation(
    name="gradient of the last state",
    kernel=last_back,
    cuda=(CudaRow(last_back),),
    reads=("dy",),
    writes=("dhidden",),
    reference=_last_back,
    formula="dhidden[n, T−1] = dy[n], 0 at other steps; of a backward direction dhidden[n, 0]",
    words="Only the last state was used, so only it gets a gradient; backpropagation through time reaches the others.",
    element=_last_back_element,
    integers=("directions", "steps"),
    torch="autograd",
)
VISIBLE = Operation(
    name="padding stays 0",
    kernel=visible,
    cuda=(CudaRow(visible),),
    reads=("hidden", "present"),
    writes=("y",),
    reference=lambda hidden, present: hidden * present[..., None],
    formula="y[n,t] = hidden[n,t] where present[n,t], else 0",
    words="Padded steps stay all 0, so the next layer sees the same padding.",
    element=lambda at, hidden, present: hidden[at] * present[at[0], at[1]],
    torch="torch.nn.utils.rnn.pad_packed_sequence",
)
VISIBLE_BACK = Operation(
    name="gradient where present",
    kernel=visible,
    cuda=(CudaRow(visible),),
    reads=("dy", "present"),
    writes=("dhidden",),
    reference=lambda dy, present: dy * present[..., None],
    formula="dhidden[n,t] = dy[n,t] where present[n,t], else 0",
    words="The output of a padded step does not depend on anything, so its gradient is dropped.",
    element=lambda at, dy, present: dy[at] * present[at[0], at[1]],
    torch="autograd",
)
TRANSPOSE = Operation(
    name="weight_hhᵀ",
    kernel=transpose,
    cuda=(CudaRow(cuda.transpose),),
    reads=("weight_hh",),
    writes=("transposed",),
    reference=_transposed,
    formula="transposed[k,j] = weight_hh[j,k]",
    words="The transposed weights: the loop back through time multiplies by them at every step.",
    element=_transposed_element,
    integers=("directions",),
    torch="weight_hh.T",
)
RECURRENT_GRADIENT = Operation(
    name="gradient of weight_hh",
    kernel=recurrent_gradient,
    cuda=(CudaRow(cuda.recurrent_gradient),),
    reads=("previous", "dgates"),
    writes=("dweight_hh",),
    reference=_recurrent_gradient,
    formula="dweight_hh[j,k] = Σₙₜ previous[n,t,j]·dgates[n,t,k]",
    words="The same weights are used at every step, so their gradient is summed over the steps as well as the batch.",
    element=_recurrent_element,
    integers=("directions",),
    torch="autograd",
)
WEIGHT_GRADIENT = Operation(
    name="gradient of weight_ih",
    kernel=weight_gradient,
    cuda=(CudaRow(linear.backward_weight),),
    tiled=tiled_forms.WEIGHT,
    reads=("x", "dgates"),
    writes=("dweight_ih",),
    reference=lambda x, dgates: _flat(x).T @ _flat(dgates),
    formula="dweight_ih[i,k] = Σₙₜ x[n,t,i]·dgates[n,t,k]",
    words="The same weights are used at every step, so their gradient is summed over the steps as well as the batch.",
    element=lambda at, x, dgates: total(x[n, t, at[0]] * dgates[n, t, at[1]] for n, t in np.ndindex(x.shape[:2])),
    torch="autograd",
)
BIAS_GRADIENT = Operation(
    name="gradient of a bias",
    kernel=bias_gradient,
    cuda=(CudaRow(linear.backward_bias),),
    reads=("dgates",),
    writes=("dbias",),
    reference=lambda dgates: _flat(dgates).sum(axis=0),
    formula="dbias[k] = Σₙₜ dgates[n,t,k]",
    words="A bias shifts its gate equally at every step, so its gradient is the sum over steps and batch.",
    element=lambda at, dgates: total(dgates[n, t, at[0]] for n, t in np.ndindex(dgates.shape[:2])),
    torch="autograd",
)
INPUT_GRADIENT = Operation(
    name="gradient of x",
    kernel=input_gradient,
    cuda=(CudaRow(linear.backward_input),),
    tiled=tiled_forms.INPUT,
    reads=("dgates", "weight_ih"),
    writes=("dx",),
    reference=lambda dgates, weight_ih: dgates @ weight_ih.T,
    formula="dx[n,t,i] = Σₖ dgates[n,t,k]·weight_ih[i,k]",
    words="Each input collects blame from every gate it fed, in proportion to the weights between them.",
    element=lambda at, dgates, weight_ih: total(
        dgates[at[0], at[1], k] * weight_ih[at[2], k] for k in range(weight_ih.shape[1])
    ),
    torch="autograd",
)
