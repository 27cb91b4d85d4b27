"""GRU: a recurrent layer whose gates decide how much of the state is replaced (Cho et al., 2014).

The equations and the order of the gates (r, z, n) are PyTorch's, where the reset gate acts behind the product with the
state; `nnplay.layers._recurrence` has what RNN and LSTM share.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import Kernel, apart
from nnplay.kernels.elementary import sigmoid, tanh
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import dimension, integer, pointer, share, shifted
from nnplay.kernels.recurrent_batches import TOGETHER, copy, groups, is_linked, take_over, zero
from nnplay.layers._recurrence import CASES, FIELDS, REFUSED, recurrent_plan, recurrent_twin
from nnplay.layers._recurrent_cell import Cell, backward_loop, forward_loop, from_state, logistic, walk
from nnplay.operations.gru_gate import BIAS_BACK, WEIGHT_BACK
from nnplay.records.layer import LayerRecord
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]


@apart
def step(x: Any, bias: Any, recalled: Any, previous: Any, gates: Any, hidden: Any, H: int) -> None:
    """Gates and state of one row: r and z are told `gates`, n hears `recalled` from the old state."""
    for j in range(H):
        r, z = sigmoid(gates[j] + bias[j]), sigmoid(gates[H + j] + bias[H + j])
        proposed = tanh(x[2 * H + j] + r * recalled[j])
        gates[j], gates[H + j], gates[2 * H + j] = r, z, proposed
        hidden[j] = proposed + z * (previous[j] - proposed)


@apart
def carry(dstate: Any, later: Any, later_z: Any, by_z: Any, as_is: Any, H: int) -> None:
    """Gradient of a state: adds what comes straight from the state after, as in `step_back`."""
    for j in range(H):
        dstate[j] += later[j] * (by_z * later_z[j] + as_is)


@apart
def step_back(
    gates: Any, recalled: Any, previous: Any, later: Any, later_z: Any, by_z: Any, as_is: Any,
    dstate: Any, dgates: Any, drecalled: Any, H: int,
) -> None:  # fmt: skip
    """Gradients of the state of one row, and of what its gates were told.

    The gradient of the state after, `later`, comes times `later_z` where `by_z` is 1, unchanged where `as_is` is 1, and
    not at all where both are 0.
    """
    for j in range(H):
        r, z, proposed = gates[j], gates[H + j], gates[2 * H + j]
        dh = dstate[j] + later[j] * (by_z * later_z[j] + as_is)
        dstate[j] = dh
        dn = dh * (1.0 - z) * (1.0 - proposed * proposed)
        dgates[j] = dn * recalled[j] * r * (1.0 - r)
        dgates[H + j] = dh * (previous[j] - proposed) * z * (1.0 - z)
        dgates[2 * H + j] = dn
        drecalled[j] = dn * r


def _forward_kernel(padded: bool) -> Kernel:
    first = 4 if padded else 3

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        # inputs (N, T, D·3H), weight_hh (D·H, 3H), bias_hh (D·3H)
        # → gates (N, T, D·3H), recalled, previous, hidden (N, T, D·H)
        N, T, G = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1)
        H = G // 3
        D = dimension(row, 1, 0) // H
        wide, narrow = T * D * G, T * D * H  # from one row of the batch to the next
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n0 = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n0)
            w, b = shifted(pointer(row, memory, 1), d * H * G), shifted(pointer(row, memory, 2), d * G)
            w_n, b_n = shifted(w, 2 * H), shifted(b, 2 * H)
            for s in range(T):
                t = T - 1 - s if d else s
                back = D * H if d else -D * H  # from a state to the one before
                inner = H if s else 0  # the state before the first step is 0
                at_gates, at_state = n0 * wide + t * D * G + d * G, n0 * narrow + t * D * H + d * H
                x, gates = shifted(pointer(row, memory, 0), at_gates), shifted(pointer(row, memory, first), at_gates)
                recalled = shifted(pointer(row, memory, first + 1), at_state)
                previous = shifted(pointer(row, memory, first + 2), at_state)
                hidden = shifted(pointer(row, memory, first + 3), at_state)
                take_over(previous, hidden, narrow, back, rows, H, s == 0)
                multiply(previous, narrow, 1, w, G, 1, gates, wide, x, wide, rows, 2 * H, inner)
                multiply(previous, narrow, 1, w_n, G, 1, recalled, narrow, b_n, 0, rows, H, inner)
                for n in range(rows):
                    z, u = shifted(gates, n * wide), shifted(recalled, n * narrow)
                    p, h = shifted(previous, n * narrow), shifted(hidden, n * narrow)
                    step(shifted(x, n * wide), b, u, p, z, h, H)
                    if padded and pointer(row, memory, 3)[(n0 + n) * T + t] == 0.0:
                        copy(h, p, H)

    return Kernel(f"{__name__}:forward{'_padded' if padded else ''}", forward)


def _backward_kernel(padded: bool) -> Kernel:
    first = 6 if padded else 5

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        # dhidden (N, T, D·H), gates (N, T, D·3H), recalled, previous (N, T, D·H), turned (D·3H, H)
        # → dgates (N, T, D·3H), drecalled, dstate (N, T, D·H)
        D, truncate = integer(row, 0), integer(row, 1)
        N, T, H = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2) // D
        G = 3 * H
        wide, narrow = T * D * G, T * D * H
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n0 = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n0)
            turned = shifted(pointer(row, memory, 4), d * G * H)
            turned_n = shifted(turned, 2 * H * H)
            for s in range(T - 1, -1, -1):
                t = T - 1 - s if d else s
                linked = is_linked(s, T, truncate)
                after = (-1 if d else 1) if linked else 0
                at_gates, at_state = n0 * wide + t * D * G + d * G, n0 * narrow + t * D * H + d * H
                dhidden, gates = shifted(pointer(row, memory, 0), at_state), shifted(pointer(row, memory, 1), at_gates)
                recalled = shifted(pointer(row, memory, 2), at_state)
                previous = shifted(pointer(row, memory, 3), at_state)
                dgates = shifted(pointer(row, memory, first), at_gates)
                drecalled = shifted(pointer(row, memory, first + 1), at_state)
                dstate = shifted(pointer(row, memory, first + 2), at_state)
                told, told_n = shifted(dgates, after * D * G), shifted(drecalled, after * D * H)
                inner = 2 * H if linked else 0
                multiply(told, wide, 1, turned, H, 1, dstate, narrow, dhidden, narrow, rows, H, inner)
                if linked:
                    multiply(told_n, narrow, 1, turned_n, H, 1, dstate, narrow, dstate, narrow, rows, H, H)
                for n in range(rows):
                    dh, z, p = shifted(dstate, n * narrow), shifted(gates, n * wide), shifted(previous, n * narrow)
                    dz, du = shifted(dgates, n * wide), shifted(drecalled, n * narrow)
                    later = shifted(dh, after * D * H) if linked else shifted(dhidden, n * narrow)
                    later_z = shifted(z, after * D * G + H)
                    by_z, as_is = 1.0 if linked else 0.0, 0.0
                    if padded:
                        mask = shifted(pointer(row, memory, 5), (n0 + n) * T + t)
                        if linked and mask[after] == 0.0:
                            by_z, as_is = 0.0, 1.0
                        if mask[0] == 0.0:
                            zero(dz, G)
                            zero(du, H)
                            carry(dh, later, later_z, by_z, as_is, H)
                            continue
                    step_back(z, shifted(recalled, n * narrow), p, later, later_z, by_z, as_is, dh, dz, du, H)

    return Kernel(f"{__name__}:backward{'_padded' if padded else ''}", backward)


def _through_time(
    inputs: Array, weight_hh: Array, bias_hh: Array, present: Array | None = None
) -> tuple[Array, Array, Array, Array]:
    """The definition: gates, what n hears from the old state, and the states before and after each step."""
    (N, T, width), H = inputs.shape, weight_hh.shape[1] // 3
    D = width // (3 * H)
    there = np.ones((N, T)) if present is None else present
    gates = np.empty_like(inputs)
    recalled, previous, hidden = (np.empty((N, T, D * H), inputs.dtype) for _ in range(3))
    for d in range(D):
        of_gates, of_state = slice(d * 3 * H, (d + 1) * 3 * H), slice(d * H, (d + 1) * H)
        h = np.zeros((N, H), inputs.dtype)
        for t in walk(T, d):
            x, u = inputs[:, t, of_gates], h @ weight_hh[of_state] + bias_hh[of_gates]
            r, z = logistic(x[:, :H] + u[:, :H]), logistic(x[:, H : 2 * H] + u[:, H : 2 * H])
            n = np.tanh(x[:, 2 * H :] + r * u[:, 2 * H :])
            gates[:, t, of_gates], recalled[:, t, of_state] = np.concatenate([r, z, n], axis=1), u[:, 2 * H :]
            previous[:, t, of_state] = h
            h = np.where(there[:, t, None] != 0, (1 - z) * n + z * h, h)
            hidden[:, t, of_state] = h
    return gates, recalled, previous, hidden


def _back_through_time(
    dhidden: Array, gates: Array, recalled: Array, previous: Array, turned: Array, present: Array | None = None,
    *, directions: int, truncate: int,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The definition: gradients of what the gates were told, of what n heard from the old state, and of each state."""
    N, T, H = dhidden.shape[0], dhidden.shape[1], turned.shape[1]
    there = np.ones((N, T)) if present is None else present
    dgates, drecalled, dstate = np.empty_like(gates), np.empty_like(dhidden), np.empty_like(dhidden)
    for d in range(directions):
        of_gates, of_state = slice(d * 3 * H, (d + 1) * 3 * H), slice(d * H, (d + 1) * H)
        dh = np.zeros((N, H), dhidden.dtype)
        order = list(walk(T, d))
        for s in reversed(range(T)):
            t = order[s]
            on = there[:, t, None] != 0
            r, z, n = np.split(gates[:, t, of_gates], 3, axis=1)
            dh = dh + dhidden[:, t, of_state]
            dn = dh * (1 - z) * (1 - n * n)
            dr = dn * recalled[:, t, of_state] * r * (1 - r)
            dz = dh * (previous[:, t, of_state] - n) * z * (1 - z)
            dgates[:, t, of_gates] = np.where(on, np.concatenate([dr, dz, dn], axis=1), 0)
            drecalled[:, t, of_state], dstate[:, t, of_state] = np.where(on, dn * r, 0), dh
            dh = np.where(on, dh * z + np.concatenate([dr, dz, dn * r], axis=1) @ turned[of_gates], dh)
            if truncate and s % truncate == 0:
                dh = 0 * dh
    return dgates, drecalled, dstate


def _element(at: tuple[int, ...], inputs: Named, weight_hh: Named, bias_hh: Named, *present: Named) -> Term:
    arrays = [item.array for item in (inputs, weight_hh, bias_hh, *present)]
    gates, _, previous, _ = _through_time(*arrays)
    n, t, k = at
    units = weight_hh.shape[1] // 3
    u = from_state(at, previous, weight_hh, 3) + bias_hh[k]
    if k % (3 * units) < 2 * units:
        return apply("σ", logistic, inputs[at] + u)
    return apply("tanh", np.tanh, inputs[at] + Named("r", gates)[n, t, k - 2 * units] * u)


def _element_back(
    at: tuple[int, ...], dhidden: Named, gates: Named, recalled: Named, previous: Named, turned: Named,
    *present: Named, directions: int, truncate: int,
) -> Term:  # fmt: skip
    n, t, k = at
    if present and present[0].array[n, t] == 0:
        return as_term(0.0)
    arrays = [item.array for item in (dhidden, gates, recalled, previous, turned, *present)]
    states = _back_through_time(*arrays, directions=directions, truncate=truncate)[2]
    H = turned.shape[1]
    d, j = k // (3 * H), k % H
    r, z, proposed = (gates[n, t, d * 3 * H + number * H + j] for number in range(3))
    dstate = Named("dstate", states)[n, t, d * H + j]
    dn = dstate * (1.0 - z) * (1.0 - proposed**2)
    if k % (3 * H) < H:
        return dn * recalled[n, t, d * H + j] * r * (1.0 - r)
    return dn if k % (3 * H) >= 2 * H else dstate * (previous[n, t, d * H + j] - proposed) * z * (1.0 - z)


_FORWARD = forward_loop(
    "GRU",
    _forward_kernel,
    writes=("gates", "recalled", "previous", "hidden"),
    reference=_through_time,
    formula=(
        "r,z = σ(inputs[t] + hidden[t−1]·weight_hh + bias_hh), recalled[t] = hidden[t−1]·weight_hh + bias_hh, "
        "n = tanh(inputs[t] + r·recalled[t]); hidden[t] = (1 − z)·n + z·hidden[t−1]"
    ),
    words=(
        "The update gate z decides how much of the state stays as it is, the reset gate r how much of it the "
        "proposal n may look at. With z near 1 the state holds over many steps."
    ),
    element=_element,
    unit={"r": ("gates", 0, 3), "z": ("gates", 1, 3), "n": ("gates", 2, 3), "h": ("hidden", 0, 1)},
    gates=3,
)
_BACKWARD = backward_loop(
    "GRU",
    _backward_kernel,
    reads=("dhidden", "gates", "recalled", "previous", "turned"),
    writes=("dgates", "drecalled", "dstate"),
    reference=_back_through_time,
    formula=(
        "dstate[t] = dhidden[t] + dstate[t+1]·z[t+1] + (dr, dz, drecalled)[t+1]·weight_hhᵀ; "
        "dn = dstate·(1−z)·(1−n²), dr = dn·recalled·r(1−r), dz = dstate·(hidden[t−1] − n)·z(1−z); "
        "drecalled = dn·r"
    ),
    words=(
        "From the last step to the first: each state is told its own error and what it did to the step after. "
        "Where the state stayed as it was, z near 1, the error passes unchanged."
    ),
    element=_element_back,
    gradients=("dstate",),
)
CELL = Cell(gates=3, forward=_FORWARD, backward=_BACKWARD, weight_back=WEIGHT_BACK, bias_back=BIAS_BACK)

GRU = LayerRecord(
    name="gru",
    title="GRU",
    family="recurrent",
    about="Gated recurrent unit: reads a sequence step by step; two gates, fewer weights than LSTM.",
    torch="GRU",
    twin=recurrent_twin("nn.GRU"),
    fields=FIELDS,
    plan=recurrent_plan(lambda values: CELL),
    cases=CASES,
    refused=REFUSED,
)
