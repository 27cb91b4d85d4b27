"""GRU: a recurrent layer whose gates decide how much of the state is replaced (Cho et al., 2014).

The equations and the order of the gates (r, z, n) are PyTorch's, where the reset gate acts behind the product with the
state; `nnplay.recurrence` has what RNN and LSTM share.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.batches import TOGETHER, copy, groups, zero
from nnplay.kernels.elementary import sigmoid, tanh
from nnplay.kernels.jit import Kernel, apart
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import dimension, integer, pointer, share, shifted
from nnplay.layer import LayerRecord
from nnplay.operation import Operation
from nnplay.recurrence import CASES, FIELDS, REFUSED, Cell, from_state, logistic, recurrent_plan, walk
from nnplay.worked import Named, Term, apply, as_term

Array = NDArray[Any]


@apart
def step(x: Any, u: Any, previous: Any, gates: Any, hidden: Any, H: int) -> None:
    """Gates and state of one row, from what the input (x) and the old state (u) tell the gates."""
    for j in range(H):
        r, z = sigmoid(x[j] + u[j]), sigmoid(x[H + j] + u[H + j])
        proposed = tanh(x[2 * H + j] + r * u[2 * H + j])
        gates[j], gates[H + j], gates[2 * H + j] = r, z, proposed
        hidden[j] = proposed + z * (previous[j] - proposed)


@apart
def carry(dstate: Any, later: Any, later_z: Any, by_z: Any, as_is: Any, H: int) -> None:
    """Gradient of a state: adds what comes straight from the state after, as in `step_back`."""
    for j in range(H):
        dstate[j] += later[j] * (by_z * later_z[j] + as_is)


@apart
def step_back(
    gates: Any, u: Any, previous: Any, later: Any, later_z: Any, by_z: Any, as_is: Any,
    dstate: Any, dgates: Any, drecurrent: Any, H: int,
) -> None:  # fmt: skip
    """Gradients of the state of one row, and of what input and old state told its gates.

    The gradient of the state after, `later`, comes times `later_z` where `by_z` is 1, unchanged where `as_is` is 1, and
    not at all where both are 0.
    """
    for j in range(H):
        r, z, proposed = gates[j], gates[H + j], gates[2 * H + j]
        dh = dstate[j] + later[j] * (by_z * later_z[j] + as_is)
        dstate[j] = dh
        dn = dh * (1.0 - z) * (1.0 - proposed * proposed)
        dr = dn * u[2 * H + j] * r * (1.0 - r)
        dz = dh * (previous[j] - proposed) * z * (1.0 - z)
        dgates[j], dgates[H + j], dgates[2 * H + j] = dr, dz, dn
        drecurrent[j], drecurrent[H + j], drecurrent[2 * H + j] = dr, dz, dn * r


def _forward_kernel(padded: bool) -> Kernel:
    first = 4 if padded else 3

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        # inputs (N, T, D·3H), weight_hh (D·H, 3H), bias_hh (D·3H)
        # → gates, recurrent (N, T, D·3H), previous, hidden (N, T, D·H)
        N, T, G = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1)
        H = G // 3
        D = dimension(row, 1, 0) // H
        wide, narrow = T * D * G, T * D * H  # from one row of the batch to the next
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n0 = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n0)
            w, b = shifted(pointer(row, memory, 1), d * H * G), shifted(pointer(row, memory, 2), d * G)
            for s in range(T):
                t = T - 1 - s if d else s
                back = D * H if d else -D * H  # from a state to the one before
                at_gates, at_state = n0 * wide + t * D * G + d * G, n0 * narrow + t * D * H + d * H
                x, gates = shifted(pointer(row, memory, 0), at_gates), shifted(pointer(row, memory, first), at_gates)
                u = shifted(pointer(row, memory, first + 1), at_gates)
                previous = shifted(pointer(row, memory, first + 2), at_state)
                hidden = shifted(pointer(row, memory, first + 3), at_state)
                for n in range(rows):
                    if s == 0:
                        zero(shifted(previous, n * narrow), H)
                    else:
                        copy(shifted(previous, n * narrow), shifted(hidden, n * narrow + back), H)
                multiply(previous, narrow, 1, w, G, 1, u, wide, b, 0, rows, G, H if s else 0)
                for n in range(rows):
                    p, h = shifted(previous, n * narrow), shifted(hidden, n * narrow)
                    step(shifted(x, n * wide), shifted(u, n * wide), p, shifted(gates, n * wide), h, H)
                    if padded and pointer(row, memory, 3)[(n0 + n) * T + t] == 0.0:
                        copy(h, p, H)

    return Kernel(f"{__name__}:forward{'_padded' if padded else ''}", forward)


def _backward_kernel(padded: bool) -> Kernel:
    first = 6 if padded else 5

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        # dhidden (N, T, D·H), gates, recurrent (N, T, D·3H), previous (N, T, D·H), turned (D·3H, H)
        # → dgates, drecurrent (N, T, D·3H), dstate (N, T, D·H)
        D, truncate = integer(row, 0), integer(row, 1)
        N, T, H = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2) // D
        G = 3 * H
        wide, narrow = T * D * G, T * D * H
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n0 = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n0)
            turned = shifted(pointer(row, memory, 4), d * G * H)
            for s in range(T - 1, -1, -1):
                t = T - 1 - s if d else s
                linked = s < T - 1 and not (truncate > 0 and (s + 1) % truncate == 0)
                after = (-1 if d else 1) if linked else 0
                at_gates, at_state = n0 * wide + t * D * G + d * G, n0 * narrow + t * D * H + d * H
                dhidden, gates = shifted(pointer(row, memory, 0), at_state), shifted(pointer(row, memory, 1), at_gates)
                u, previous = shifted(pointer(row, memory, 2), at_gates), shifted(pointer(row, memory, 3), at_state)
                dgates = shifted(pointer(row, memory, first), at_gates)
                drecurrent = shifted(pointer(row, memory, first + 1), at_gates)
                dstate = shifted(pointer(row, memory, first + 2), at_state)
                told = shifted(drecurrent, after * D * G)
                multiply(
                    told, wide, 1, turned, H, 1, dstate, narrow, dhidden, narrow, rows, H, G if linked else 0
                )  # fmt: skip
                for n in range(rows):
                    dh, z, p = shifted(dstate, n * narrow), shifted(gates, n * wide), shifted(previous, n * narrow)
                    dz, du = shifted(dgates, n * wide), shifted(drecurrent, n * wide)
                    later = shifted(dh, after * D * H) if linked else shifted(dhidden, n * narrow)
                    later_z = shifted(z, after * D * G + H)
                    by_z, as_is = 1.0 if linked else 0.0, 0.0
                    if padded:
                        mask = shifted(pointer(row, memory, 5), (n0 + n) * T + t)
                        if linked and mask[after] == 0.0:
                            by_z, as_is = 0.0, 1.0
                        if mask[0] == 0.0:
                            zero(dz, G)
                            zero(du, G)
                            carry(dh, later, later_z, by_z, as_is, H)
                            continue
                    step_back(z, shifted(u, n * wide), p, later, later_z, by_z, as_is, dh, dz, du, H)

    return Kernel(f"{__name__}:backward{'_padded' if padded else ''}", backward)


def _through_time(
    inputs: Array, weight_hh: Array, bias_hh: Array, present: Array | None = None
) -> tuple[Array, Array, Array, Array]:
    """The definition: gates, what the old state tells them, and the states before and after each step."""
    (N, T, width), H = inputs.shape, weight_hh.shape[1] // 3
    D = width // (3 * H)
    there = np.ones((N, T)) if present is None else present
    gates, recurrent = np.empty_like(inputs), np.empty_like(inputs)
    previous, hidden = (np.empty((N, T, D * H), inputs.dtype) for _ in range(2))
    for d in range(D):
        of_gates, of_state = slice(d * 3 * H, (d + 1) * 3 * H), slice(d * H, (d + 1) * H)
        h = np.zeros((N, H), inputs.dtype)
        for t in walk(T, d):
            x, u = inputs[:, t, of_gates], h @ weight_hh[of_state] + bias_hh[of_gates]
            r, z = logistic(x[:, :H] + u[:, :H]), logistic(x[:, H : 2 * H] + u[:, H : 2 * H])
            n = np.tanh(x[:, 2 * H :] + r * u[:, 2 * H :])
            gates[:, t, of_gates], recurrent[:, t, of_gates] = np.concatenate([r, z, n], axis=1), u
            previous[:, t, of_state] = h
            h = np.where(there[:, t, None] != 0, (1 - z) * n + z * h, h)
            hidden[:, t, of_state] = h
    return gates, recurrent, previous, hidden


def _back_through_time(
    dhidden: Array, gates: Array, recurrent: Array, previous: Array, turned: Array, present: Array | None = None,
    *, directions: int, truncate: int,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The definition: gradients of what input and old state told the gates, and of each state."""
    N, T, H = dhidden.shape[0], dhidden.shape[1], turned.shape[1]
    there = np.ones((N, T)) if present is None else present
    dgates, drecurrent, dstate = np.empty_like(gates), np.empty_like(gates), np.empty_like(dhidden)
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
            dr = dn * recurrent[:, t, of_gates][:, 2 * H :] * r * (1 - r)
            dz = dh * (previous[:, t, of_state] - n) * z * (1 - z)
            dgates[:, t, of_gates] = np.where(on, np.concatenate([dr, dz, dn], axis=1), 0)
            drecurrent[:, t, of_gates] = np.where(on, np.concatenate([dr, dz, dn * r], axis=1), 0)
            dstate[:, t, of_state] = dh
            dh = np.where(on, dh * z + drecurrent[:, t, of_gates] @ turned[of_gates], dh)
            if truncate and s % truncate == 0:
                dh = 0 * dh
    return dgates, drecurrent, dstate


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
    at: tuple[int, ...], dhidden: Named, gates: Named, recurrent: Named, previous: Named, turned: Named,
    *present: Named, directions: int, truncate: int,
) -> Term:  # fmt: skip
    n, t, k = at
    if present and present[0].array[n, t] == 0:
        return as_term(0.0)
    arrays = [item.array for item in (dhidden, gates, recurrent, previous, turned, *present)]
    states = _back_through_time(*arrays, directions=directions, truncate=truncate)[2]
    H = turned.shape[1]
    d, j = k // (3 * H), k % H
    r, z, proposed = (gates[n, t, d * 3 * H + number * H + j] for number in range(3))
    dstate = Named("dstate", states)[n, t, d * H + j]
    dn = dstate * (1.0 - z) * (1.0 - proposed**2)
    if k % (3 * H) < H:
        return dn * recurrent[n, t, d * 3 * H + 2 * H + j] * r * (1.0 - r)
    return dn if k % (3 * H) >= 2 * H else dstate * (previous[n, t, d * H + j] - proposed) * z * (1.0 - z)


def _forward(padded: bool) -> Operation:
    return Operation(
        name="gru, step by step",
        kernel=_forward_kernel(padded),
        reads=("inputs", "weight_hh", "bias_hh") + (("present",) if padded else ()),
        writes=("gates", "recurrent", "previous", "hidden"),
        reference=_through_time,
        formula=(
            "recurrent[t] = hidden[t−1]·weight_hh + bias_hh; r,z = σ(inputs[t] + recurrent[t]), "
            "n = tanh(inputs[t] + r·recurrent[t]); hidden[t] = (1 − z)·n + z·hidden[t−1]"
        ),
        words=(
            "The update gate z decides how much of the state stays as it is, the reset gate r how much of it the "
            "proposal n may look at. With z near 1 the state holds over many steps."
        ),
        element=_element,
        torch="torch.nn.GRU",
    )


def _backward(padded: bool) -> Operation:
    return Operation(
        name="gru back through time",
        kernel=_backward_kernel(padded),
        reads=("dhidden", "gates", "recurrent", "previous", "turned") + (("present",) if padded else ()),
        writes=("dgates", "drecurrent", "dstate"),
        reference=_back_through_time,
        formula=(
            "dstate[t] = dhidden[t] + dstate[t+1]·z[t+1] + drecurrent[t+1]·weight_hhᵀ; "
            "dn = dstate·(1−z)·(1−n²), dr = dn·recurrent·r(1−r), dz = dstate·(hidden[t−1] − n)·z(1−z); "
            "drecurrent = dr, dz, dn·r"
        ),
        words=(
            "From the last step to the first: each state is told its own error and what it did to the step after. "
            "Where the state stayed as it was, z near 1, the error passes unchanged."
        ),
        element=_element_back,
        integers=("directions", "truncate"),
        torch="autograd",
    )


CELL = Cell(
    gates=3,
    forward=_forward(False),
    forward_padded=_forward(True),
    backward=_backward(False),
    backward_padded=_backward(True),
    wide=("gates", "recurrent"),
    narrow=("previous", "hidden"),
    wide_back=("dgates", "drecurrent"),
    narrow_back=("dstate",),
    recurrent="drecurrent",
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
