"""LSTM: a recurrent layer with a second state, the cell, that gates open and close (Hochreiter and Schmidhuber, 1997).

The equations and the order of the gates (i, f, g, o) are PyTorch's; `layers._recurrence` has what RNN and GRU share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import Kernel, apart
from nnplay.kernels.elementary import sigmoid, tanh
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import dimension, integer, pointer, share, shifted
from nnplay.kernels.recurrent_batches import TOGETHER, add, copy, groups, is_linked, take_over, zero
from nnplay.layers._recurrence import CASES, FIELDS, REFUSED, recurrent_plan, recurrent_twin
from nnplay.layers._recurrent_cell import Cell, backward_loop, forward_loop, from_state, logistic, walk
from nnplay.records.layer import Case, LayerRecord, Refused
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]


@apart
def step(z: Any, bias: Any, before: Any, cell: Any, hidden: Any, H: int) -> None:
    """What the gates of one row are told, z (4H), becomes the gates; `before` is the cell before."""
    for j in range(H):
        i, f = sigmoid(z[j] + bias[j]), sigmoid(z[H + j] + bias[H + j])
        g, o = tanh(z[2 * H + j] + bias[2 * H + j]), sigmoid(z[3 * H + j] + bias[3 * H + j])
        c = f * before[j] + i * g
        z[j], z[H + j], z[2 * H + j], z[3 * H + j] = i, f, g, o
        cell[j] = c
        hidden[j] = o * tanh(c)


@apart
def carry(dcell: Any, later: Any, later_f: Any, by_f: Any, as_is: Any, H: int) -> None:
    """Gradient of a cell that is padding: what comes from the cell after, as in `step_back`."""
    for j in range(H):
        dcell[j] = later[j] * (by_f * later_f[j] + as_is)


@apart
def step_back(
    gates: Any, cell: Any, before: Any, keep: Any, dstate: Any, later: Any, later_f: Any, by_f: Any, as_is: Any,
    dcell: Any, dgates: Any, H: int,
) -> None:  # fmt: skip
    """Gradients of the cell of one row and of what its gates were told.

    `keep` is 0 where the cell before is the initial 0. The gradient of the cell after, `later`, comes times `later_f`
    where `by_f` is 1, unchanged where `as_is` is 1, and not at all where both are 0.
    """
    for j in range(H):
        i, f, g, o = gates[j], gates[H + j], gates[2 * H + j], gates[3 * H + j]
        squashed = tanh(cell[j])
        dc = later[j] * (by_f * later_f[j] + as_is) + dstate[j] * o * (1.0 - squashed * squashed)
        dcell[j] = dc
        dgates[j] = dc * g * i * (1.0 - i)
        dgates[H + j] = dc * before[j] * keep * f * (1.0 - f)
        dgates[2 * H + j] = dc * i * (1.0 - g * g)
        dgates[3 * H + j] = dstate[j] * squashed * o * (1.0 - o)


def _forward_kernel(padded: bool) -> Kernel:
    first = 4 if padded else 3

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        # inputs (N, T, D·4H), weight_hh (D·H, 4H), bias_hh (D·4H)
        # → gates (N, T, D·4H), previous, cell, hidden (N, T, D·H)
        N, T, G = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1)
        H = G // 4
        D = dimension(row, 1, 0) // H
        wide, narrow = T * D * G, T * D * H  # from one row of the batch to the next
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n0 = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n0)
            w, b = shifted(pointer(row, memory, 1), d * H * G), shifted(pointer(row, memory, 2), d * G)
            for s in range(T):
                t = T - 1 - s if d else s
                back = 0 if s == 0 else D * H if d else -D * H  # from a state to the one before
                at_gates, at_state = n0 * wide + t * D * G + d * G, n0 * narrow + t * D * H + d * H
                x, z = shifted(pointer(row, memory, 0), at_gates), shifted(pointer(row, memory, first), at_gates)
                previous = shifted(pointer(row, memory, first + 1), at_state)
                cell = shifted(pointer(row, memory, first + 2), at_state)
                hidden = shifted(pointer(row, memory, first + 3), at_state)
                take_over(previous, hidden, narrow, back, rows, H, s == 0)
                multiply(previous, narrow, 1, w, G, 1, z, wide, x, wide, rows, G, H if s else 0)
                for n in range(rows):
                    c, h = shifted(cell, n * narrow), shifted(hidden, n * narrow)
                    before = shifted(c, back) if s else shifted(previous, n * narrow)
                    step(shifted(z, n * wide), b, before, c, h, H)
                    if padded and pointer(row, memory, 3)[(n0 + n) * T + t] == 0.0:
                        copy(c, before, H)
                        copy(h, shifted(previous, n * narrow), H)

    return Kernel(f"{__name__}:forward{'_padded' if padded else ''}", forward)


def _backward_kernel(padded: bool) -> Kernel:
    first = 5 if padded else 4

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        # dhidden (N, T, D·H), gates, cell, turned (D·4H, H) → dgates (N, T, D·4H), dstate, dcell (N, T, D·H)
        D, truncate = integer(row, 0), integer(row, 1)
        N, T, H = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2) // D
        G = 4 * H
        wide, narrow = T * D * G, T * D * H
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n0 = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n0)
            turned = shifted(pointer(row, memory, 3), d * G * H)
            for s in range(T - 1, -1, -1):
                t = T - 1 - s if d else s
                linked = is_linked(s, T, truncate)
                after = (-1 if d else 1) if s < T - 1 else 0
                before = 0 if s == 0 else 1 if d else -1
                at_gates, at_state = n0 * wide + t * D * G + d * G, n0 * narrow + t * D * H + d * H
                dhidden = shifted(pointer(row, memory, 0), at_state)
                gates, cell = shifted(pointer(row, memory, 1), at_gates), shifted(pointer(row, memory, 2), at_state)
                dgates = shifted(pointer(row, memory, first), at_gates)
                dstate = shifted(pointer(row, memory, first + 1), at_state)
                dcell = shifted(pointer(row, memory, first + 2), at_state)
                told = shifted(dgates, after * D * G)
                multiply(
                    told, wide, 1, turned, H, 1, dstate, narrow, dhidden, narrow, rows, H, G if linked else 0
                )  # fmt: skip
                for n in range(rows):
                    dh, dc, dz = shifted(dstate, n * narrow), shifted(dcell, n * narrow), shifted(dgates, n * wide)
                    z, c = shifted(gates, n * wide), shifted(cell, n * narrow)
                    later = shifted(dc, after * D * H) if linked else shifted(dhidden, n * narrow)
                    later_f = shifted(z, after * D * G + H)
                    by_f, as_is = 1.0 if linked else 0.0, 0.0
                    if padded:
                        mask = shifted(pointer(row, memory, 4), (n0 + n) * T + t)
                        if linked and mask[after] == 0.0:
                            by_f, as_is = 0.0, 1.0
                            add(dh, shifted(dh, after * D * H), H)
                        if mask[0] == 0.0:
                            zero(dz, G)
                            carry(dc, later, later_f, by_f, as_is, H)
                            continue
                    keep = 0.0 if s == 0 else 1.0
                    step_back(z, c, shifted(c, before * D * H), keep, dh, later, later_f, by_f, as_is, dc, dz, H)

    return Kernel(f"{__name__}:backward{'_padded' if padded else ''}", backward)


def _through_time(
    inputs: Array, weight_hh: Array, bias_hh: Array, present: Array | None = None
) -> tuple[Array, Array, Array, Array]:
    """The definition: gates, and the states before, in the cell and after each step."""
    (N, T, width), H = inputs.shape, weight_hh.shape[1] // 4
    D = width // (4 * H)
    there = np.ones((N, T)) if present is None else present
    gates = np.empty_like(inputs)
    previous, cell, hidden = (np.empty((N, T, D * H), inputs.dtype) for _ in range(3))
    for d in range(D):
        of_gates, of_state = slice(d * 4 * H, (d + 1) * 4 * H), slice(d * H, (d + 1) * H)
        h = c = np.zeros((N, H), inputs.dtype)
        for t in walk(T, d):
            z = inputs[:, t, of_gates] + h @ weight_hh[of_state] + bias_hh[of_gates]
            i, f, o = logistic(z[:, :H]), logistic(z[:, H : 2 * H]), logistic(z[:, 3 * H :])
            g = np.tanh(z[:, 2 * H : 3 * H])
            on = there[:, t, None] != 0
            previous[:, t, of_state], gates[:, t, of_gates] = h, np.concatenate([i, f, g, o], axis=1)
            c = np.where(on, f * c + i * g, c)
            h = np.where(on, o * np.tanh(c), h)
            cell[:, t, of_state], hidden[:, t, of_state] = c, h
    return gates, previous, cell, hidden


def _back_through_time(
    dhidden: Array, gates: Array, cell: Array, turned: Array, present: Array | None = None,
    *, directions: int, truncate: int,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The definition: gradients of what the gates were told, of each state, and of each cell."""
    N, T, H = dhidden.shape[0], dhidden.shape[1], dhidden.shape[2] // directions
    there = np.ones((N, T)) if present is None else present
    dgates, dstate, dcell = np.empty_like(gates), np.empty_like(dhidden), np.empty_like(dhidden)
    for d in range(directions):
        of_gates, of_state = slice(d * 4 * H, (d + 1) * 4 * H), slice(d * H, (d + 1) * H)
        dh = dc = np.zeros((N, H), dhidden.dtype)
        order = list(walk(T, d))
        for s in reversed(range(T)):
            t = order[s]
            i, f, g, o = np.split(gates[:, t, of_gates], 4, axis=1)
            before = cell[:, order[s - 1], of_state] if s else 0 * i
            on = there[:, t, None] != 0
            squashed = np.tanh(cell[:, t, of_state])
            dh = dh + dhidden[:, t, of_state]
            dc = dc + np.where(on, dh * o * (1 - squashed**2), 0)
            parts = dc * g * i * (1 - i), dc * before * f * (1 - f), dc * i * (1 - g**2), dh * squashed * o * (1 - o)
            dz = np.where(on, np.concatenate(parts, axis=1), 0)
            dgates[:, t, of_gates], dstate[:, t, of_state], dcell[:, t, of_state] = dz, dh, dc
            dh, dc = np.where(on, dz @ turned[of_gates], dh), np.where(on, dc * f, dc)
            if truncate and s % truncate == 0:
                dh, dc = 0 * dh, 0 * dc
    return dgates, dstate, dcell


def _gate(k: int, units: int) -> int:
    """Number of the gate (i, f, g, o) that element k of all directions' gates belongs to."""
    return k % (4 * units) // units


def _element(at: tuple[int, ...], inputs: Named, weight_hh: Named, bias_hh: Named, *present: Named) -> Term:
    previous = _through_time(inputs.array, weight_hh.array, bias_hh.array)[1]
    if present:
        previous = _through_time(inputs.array, weight_hh.array, bias_hh.array, present[0].array)[1]
    told = inputs[at] + from_state(at, previous, weight_hh, 4) + bias_hh[at[2]]
    if _gate(at[2], weight_hh.shape[1] // 4) == 2:
        return apply("tanh", np.tanh, told)
    return apply("σ", logistic, told)


def _element_back(
    at: tuple[int, ...], dhidden: Named, gates: Named, cell: Named, turned: Named, *present: Named,
    directions: int, truncate: int,
) -> Term:  # fmt: skip
    n, t, k = at
    arrays = [item.array for item in (dhidden, gates, cell, turned, *present)]
    _, states, cells = _back_through_time(*arrays, directions=directions, truncate=truncate)
    if present and present[0].array[n, t] == 0:
        return as_term(0.0)
    H, T = turned.shape[1], dhidden.shape[1]
    d, j = k // (4 * H), k % H
    dstate, dcell = Named("dstate", states)[n, t, d * H + j], Named("dcell", cells)[n, t, d * H + j]
    i, f, g, o = (gates[n, t, d * 4 * H + number * H + j] for number in range(4))
    then = t + 1 if d else t - 1
    before = cell[n, then, d * H + j] if 0 <= then < T else as_term(0.0)
    blame = (
        dcell * g * i * (1.0 - i),
        dcell * before * f * (1.0 - f),
        dcell * i * (1.0 - g**2),
        dstate * apply("tanh", np.tanh, cell[n, t, d * H + j]) * o * (1.0 - o),
    )
    return blame[_gate(k, H)]


_FORWARD = forward_loop(
    "LSTM",
    _forward_kernel,
    writes=("gates", "previous", "cell", "hidden"),
    reference=_through_time,
    formula=(
        "i,f,o = σ(inputs[t] + hidden[t−1]·weight_hh + bias_hh), g = tanh(…); "
        "cell[t] = f·cell[t−1] + i·g; hidden[t] = o·tanh(cell[t])"
    ),
    words=(
        "The forget gate f decides what the cell keeps, the input gate i how much of the proposal g it takes in, "
        "the output gate o what it shows. A cell with f near 1 holds its value over many steps."
    ),
    element=_element,
    unit={name: ("gates", k, 4) for k, name in enumerate("ifgo")} | {"c": ("cell", 0, 1), "h": ("hidden", 0, 1)},
    gates=4,
)
_BACKWARD = backward_loop(
    "LSTM",
    _backward_kernel,
    reads=("dhidden", "gates", "cell", "turned"),
    writes=("dgates", "dstate", "dcell"),
    reference=_back_through_time,
    formula=(
        "dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ; "
        "dcell[t] = dstate[t]·o·(1 − tanh²cell[t]) + dcell[t+1]·f[t+1]; "
        "di = dcell·g·i(1−i), df = dcell·cell[t−1]·f(1−f), dg = dcell·i·(1−g²), do = dstate·tanh(cell)·o(1−o)"
    ),
    words=(
        "From the last step to the first: each state is told its own error and what it did to the step after. "
        "Through the cell the error is only multiplied by f, so it need not vanish."
    ),
    element=_element_back,
    gradients=("dstate", "dcell"),
)
CELL = Cell(gates=4, forward=_FORWARD, backward=_BACKWARD)


def _forget_bias(values: Mapping[str, Any], directions: int) -> tuple[tuple[int, int, float], ...]:
    units = values["units"]
    return tuple(((4 * d + 1) * units, (4 * d + 2) * units, values["forget_bias"]) for d in range(directions))


LSTM = LayerRecord(
    name="lstm",
    title="LSTM",
    family="recurrent",
    about="Long short-term memory: reads a sequence step by step and can hold on to what it saw long ago.",
    torch="LSTM",
    twin=recurrent_twin("nn.LSTM"),
    fields=(
        *FIELDS,
        number("forget_bias", 1.0, "start of the forget gates' bias; 1 lets a new network remember (Jozefowicz, 2015)"),
    ),
    plan=recurrent_plan(lambda values: CELL, _forget_bias),
    cases=(*CASES, Case({"units": 3, "forget_bias": 0.0}, (3, 2))),
    refused=(*REFUSED, Refused({"units": 3, "forget_bias": "big"}, (3, 2), "not a number")),
)
