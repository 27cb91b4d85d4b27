"""GRU: a recurrent layer whose gates decide how much of the state is replaced (Cho et al., 2014).

The equations and the order of the gates (r, z, n) are PyTorch's, where the reset gate acts behind the product with the
state; `nnplay.recurrence` has what RNN and LSTM share.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.batches import PANEL, TOGETHER, column_sums, copy, groups, zero
from nnplay.kernels.elementary import sigmoid, tanh
from nnplay.kernels.jit import Kernel, apart, kernel
from nnplay.kernels.matmul import multiply, product
from nnplay.kernels.operands import adds, dimension, integer, pointer, rows_of, share, shifted
from nnplay.layer import LayerRecord
from nnplay.operation import Operation, Timed
from nnplay.recurrence import CASES, FIELDS, REFUSED, Cell, from_state, logistic, recurrent_plan, walk
from nnplay.worked import Named, Term, apply, as_term, total

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
                for n in range(rows):
                    if s == 0:
                        zero(shifted(previous, n * narrow), H)
                    else:
                        copy(shifted(previous, n * narrow), shifted(hidden, n * narrow + back), H)
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
                linked = s < T - 1 and not (truncate > 0 and (s + 1) % truncate == 0)
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


@kernel
def weight_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    # previous (N·T, D·H), dgates (N·T, D·3H), drecalled (N·T, D·H), dweight_hh (D·H, 3H); parts are columns
    D, G = integer(row, 0), dimension(row, 3, 1)
    M, W = rows_of(row, memory, 0).shape
    H = W // D
    start, stop = share(row, part, (G + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, G)
    split = min(max(k, 2 * H), end)  # columns before it belong to r and z, from it on to n
    for d in range(D):
        A, C = shifted(pointer(row, memory, 0), d * H), shifted(pointer(row, memory, 3), d * H * G)
        told, told_n = shifted(pointer(row, memory, 1), d * G), shifted(pointer(row, memory, 2), d * H - 2 * H)
        product(A, 1, W, shifted(told, k), D * G, shifted(C, k), G, H, split - k, M, adds(row, 3))
        product(A, 1, W, shifted(told_n, split), W, shifted(C, split), G, H, end - split, M, adds(row, 3))


@kernel
def bias_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    D = integer(row, 0)  # dgates (N·T, D·3H), drecalled (N·T, D·H), dbias (D·3H); parts are directions
    M, W = rows_of(row, memory, 1).shape
    H = W // D
    start, stop = share(row, part, D)
    for d in range(start, stop):
        db = shifted(pointer(row, memory, 2), d * 3 * H)
        column_sums(shifted(pointer(row, memory, 0), d * 3 * H), D * 3 * H, db, M, 2 * H, adds(row, 2))
        column_sums(shifted(pointer(row, memory, 1), d * H), W, shifted(db, 2 * H), M, H, adds(row, 2))


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


def _told(dgates: Array, drecalled: Array, directions: int) -> Array:
    """(N·T, D, 3H): gradients of what the old state told the gates r, z, n."""
    units = drecalled.shape[-1] // directions
    gates = dgates.reshape(-1, directions, 3 * units)
    return np.concatenate([gates[..., : 2 * units], drecalled.reshape(-1, directions, units)], axis=2)


def _weight_back(previous: Array, dgates: Array, drecalled: Array, directions: int) -> Array:
    states = previous.reshape(-1, directions, previous.shape[-1] // directions)
    found = np.einsum("mdj,mdk->djk", states, _told(dgates, drecalled, directions))
    return np.asarray(found.reshape(previous.shape[-1], -1))


def _told_term(dgates: Named, drecalled: Named, n: int, t: int, d: int, k: int, units: int) -> Term:
    if k < 2 * units:
        return dgates[n, t, d * 3 * units + k]
    return drecalled[n, t, d * units + k - 2 * units]


def _weight_element(at: tuple[int, ...], previous: Named, dgates: Named, drecalled: Named, directions: int) -> Term:
    units = previous.shape[2] // directions
    d = at[0] // units
    return total(
        previous[n, t, at[0]] * _told_term(dgates, drecalled, n, t, d, at[1], units)
        for n, t in np.ndindex(previous.shape[:2])
    )


def _bias_element(at: tuple[int, ...], dgates: Named, drecalled: Named, directions: int) -> Term:
    units = drecalled.shape[2] // directions
    d, k = at[0] // (3 * units), at[0] % (3 * units)
    return total(_told_term(dgates, drecalled, n, t, d, k, units) for n, t in np.ndindex(dgates.shape[:2]))


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


#: What one unit has at each step, and which gradients of its states run back.
_TIMED = Timed(
    sized_by="weight_hh",
    blocks=3,
    unit={
        "r": ("gates", 0, 3),
        "z": ("gates", 1, 3),
        "n": ("gates", 2, 3),
        "h": ("hidden", 0, 1),
    },
)
_TIMED_BACK = Timed(sized_by="turned", gradients=("dstate",))


def _forward(padded: bool) -> Operation:
    return Operation(
        name="gru, step by step",
        kernel=_forward_kernel(padded),
        reads=("inputs", "weight_hh", "bias_hh") + (("present",) if padded else ()),
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
        torch="torch.nn.GRU",
        timed=_TIMED,
    )


def _backward(padded: bool) -> Operation:
    return Operation(
        name="gru back through time",
        kernel=_backward_kernel(padded),
        reads=("dhidden", "gates", "recalled", "previous", "turned") + (("present",) if padded else ()),
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
        integers=("directions", "truncate"),
        torch="autograd",
        timed=_TIMED_BACK,
    )


_WEIGHT_BACK = Operation(
    name="gradient of weight_hh",
    kernel=weight_back,
    reads=("previous", "dgates", "drecalled"),
    writes=("dweight_hh",),
    reference=_weight_back,
    formula="dweight_hh[j,k] = Σₙₜ previous[n,t,j]·dgates[n,t,k] for r and z, with drecalled[n,t,k] for n",
    words="The same weights serve at every step, so their gradient is summed over the steps as well as over the batch.",
    element=_weight_element,
    integers=("directions",),
    torch="autograd",
)
_BIAS_BACK = Operation(
    name="gradient of bias_hh",
    kernel=bias_back,
    reads=("dgates", "drecalled"),
    writes=("dbias",),
    reference=lambda dgates, drecalled, directions: _told(dgates, drecalled, directions).sum(axis=0),
    formula="dbias_hh[k] = Σₙₜ dgates[n,t,k] for r and z, Σₙₜ drecalled[n,t,k] for n",
    words="A bias moves its gate at every step alike; that of n acts behind the reset gate.",
    element=_bias_element,
    integers=("directions",),
    torch="autograd",
)
CELL = Cell(
    gates=3,
    forward=_forward(False),
    forward_padded=_forward(True),
    backward=_backward(False),
    backward_padded=_backward(True),
    wide=("gates",),
    narrow=("recalled", "previous", "hidden"),
    wide_back=("dgates",),
    narrow_back=("drecalled", "dstate"),
    weight_back=_WEIGHT_BACK,
    bias_back=_BIAS_BACK,
)

GRU = LayerRecord(
    name="gru",
    title="GRU",
    family="recurrent",
    about="Gated recurrent unit: reads a sequence step by step; two gates, fewer weights than LSTM.",
    torch="GRU",
    fields=FIELDS,
    plan=recurrent_plan(lambda values: CELL),
    cases=CASES,
    refused=REFUSED,
)
