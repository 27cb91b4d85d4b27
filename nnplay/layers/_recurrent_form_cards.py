"""Recurrent cells in a form of their own on a graphics card: a row for each time step, or two where units meet.

A thread takes one unit of one sequence. Operands and integers are those of `_recurrent_form`; `_rnn_form`,
`_gru_form_kernels` and `_lstm_form_kernels` say what a step computes. On the way back, each step fetches what the step
after gives it; a last row gives the gradients of learned initial states, as if they were a step in front of the first.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.bending import bend, slope
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.cuda.recurrence import TURN
from nnplay.kernels.operands import dimension, integer, pointer, shifted
from nnplay.layers._recurrent_form_kernels import ACTIVATION, GATE_ACTIVATION, OWN


@inline
def place_at(row: Any, at: int, width: int, T: int, s: int) -> Any:
    """Of number `at` of (N, D, width): its sequence n, direction d, unit j, and where step s of it is in (N, T, D)."""
    D, unit = integer(row, 0), quotient(at, width)
    n = quotient(unit, D)
    d = unit - n * D
    t = T - 1 - s if d + integer(row, 1) != 0 else s
    return n, d, at - unit * width, (n * T + t) * D + d


@inline
def is_absent(row: Any, memory: Any, place: int) -> bool:
    """Whether the step at a place of (N, T, D) is padding; where there is no `present` (N, T), none is."""
    k = integer(row, 2)
    absent = False
    if k != 0:
        absent = pointer(row, memory, k)[quotient(place, integer(row, 0))] == 0.0
    return absent


@inline
def state_before(row: Any, memory: Any, initial: int, state: Any, at: int, width: int, T: int, s: int) -> Any:
    """The state (width) in front of step s, of number `at`'s sequence and direction: (pointer, whether it is 0)."""
    _, d, _, before = place_at(row, at, width, T, max(s - 1, 0))
    found = shifted(pointer(row, memory, initial), d * width)
    if s > 0:
        found = shifted(state, before * width)
    return found, s == 0 and initial == 0


@inline
def goes_back(row: Any, T: int, s: int) -> bool:
    """Whether the step after step s, if there is one, hands its error to it."""
    truncate = integer(row, 5)
    linked = s + 1 < T
    if linked and s >= 0 and truncate != 0:
        linked = (s + 1) % truncate != 0
    return linked


@kernel
def rnn_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """hidden[t] = bend(inputs[t] + hidden[t−1]·weight_hh + bias_hh), hidden and previous (N, T, D·H)."""
    x, w, b, written = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), integer(row, 4)
    hidden, previous = pointer(row, memory, written), pointer(row, memory, written + 1)
    T, H, s = dimension(row, 0, 1), dimension(row, 1, 1), integer(row, TURN)
    at = part
    while at < dimension(row, 0, 0) * integer(row, 0) * H:
        _, d, j, here = place_at(row, at, H, T, s)
        old, nothing = state_before(row, memory, integer(row, 3), hidden, at, H, T, s)
        k, before, total = here * H + j, DTYPE(0.0), x[here * H + j]
        if not nothing:
            before = old[j]
            total = chain(old, 1, shifted(w, d * H * H + j), H, H, total)
        previous[k] = before
        hidden[k] = total + b[d * H + j]
        bend(integer(row, ACTIVATION), shifted(hidden, k), 1)
        if is_absent(row, memory, here):
            hidden[k] = before
        at += row[ROW_PARTS]


@kernel
def rnn_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ, dgates[t] = dstate[t]·bend′; all (N, T, D·H)."""
    dhidden, hidden, transposed, written = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), integer(row, 4),
    )  # fmt: skip
    dgates, dstate, first = (
        pointer(row, memory, written), pointer(row, memory, written + 1), pointer(row, memory, integer(row, 3)),
    )  # fmt: skip
    T, H = dimension(row, 0, 1), dimension(row, 2, 1)
    s = T - 1 - integer(row, TURN)
    at = part
    while at < dimension(row, 0, 0) * integer(row, 0) * H:
        _, d, j, here = place_at(row, at, H, T, max(s, 0))
        k, dh = here * H + j, DTYPE(0.0)
        if s >= 0:
            dh = dhidden[k]
        if goes_back(row, T, s):
            _, _, _, then = place_at(row, at, H, T, s + 1)
            dh = chain(shifted(dgates, then * H), 1, shifted(transposed, d * H * H + j), H, H, dh)
            if is_absent(row, memory, then):
                dh += dstate[then * H + j]
        if s < 0:
            first[at] = dh
        else:
            dstate[k] = dh
            dgates[k] = DTYPE(0.0) if is_absent(row, memory, here) else dh * slope(integer(row, ACTIVATION), hidden[k])
        at += row[ROW_PARTS]


@kernel
def lstm_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """gates (N, T, D·4H), previous, hidden (N, T, D·P), before, cell[, shown] (N, T, D·H) of one step.

    i, f, o see the cell by their peepholes; cell = f·before + i·g, shown = o·bend(cell). With a projection, the second
    row of a step is hidden = shown·weight_hr.
    """
    written, initial, projection = integer(row, 4), integer(row, 3), integer(row, OWN + 1)
    T, H, P = dimension(row, 0, 1), quotient(dimension(row, 1, 1), 4), quotient(dimension(row, 1, 0), integer(row, 0))
    turn = integer(row, TURN)
    previous, cell = pointer(row, memory, written + 1), pointer(row, memory, written + 3)
    hidden, shown = pointer(row, memory, written + 4), pointer(row, memory, written + 4 + (projection != 0))
    s = quotient(turn, 2) if projection != 0 else turn
    units, at = dimension(row, 0, 0) * integer(row, 0), part
    if projection != 0 and turn - 2 * s == 1:
        while at < units * P:
            _, d, p, here = place_at(row, at, P, T, s)
            weight = shifted(pointer(row, memory, projection), d * H * P + p)
            found = chain(shifted(shown, here * H), 1, weight, P, H, DTYPE(0.0))
            hidden[here * P + p] = previous[here * P + p] if is_absent(row, memory, here) else found
            at += row[ROW_PARTS]
        return
    of_cell = initial + 1 if initial != 0 else 0
    while at < units * H:
        _, d, j, here = place_at(row, at, H, T, s)
        old, nothing = state_before(row, memory, initial, hidden, quotient(at, H) * P, P, T, s)
        old_cell, _ = state_before(row, memory, of_cell, cell, at, H, T, s)
        c = DTYPE(0.0)
        if not nothing:
            c = old_cell[j]
        if j < P:
            previous[here * P + j] = DTYPE(0.0)
            if not nothing:
                previous[here * P + j] = old[j]
        pointer(row, memory, written + 2)[here * H + j] = c
        weights, bias = (
            shifted(pointer(row, memory, 1), d * P * 4 * H + j),
            shifted(pointer(row, memory, 2), d * 4 * H + j),
        )
        x, z = (
            shifted(pointer(row, memory, 0), here * 4 * H + j),
            shifted(pointer(row, memory, written), here * 4 * H + j),
        )
        new = lstm_gates(row, memory, x, z, weights, bias, old, 0 if nothing else P, c, d * 3 * H + j, H)
        k = here * H + j
        cell[k] = new
        shown[k] = new
        bend(integer(row, ACTIVATION), shifted(shown, k), 1)
        shown[k] = shown[k] * z[3 * H]
        if is_absent(row, memory, here):
            cell[k] = c
            shown[k] = DTYPE(0.0)
            if projection == 0:
                hidden[k] = previous[k]
        at += row[ROW_PARTS]


@inline
def lstm_gates(
    row: Any, memory: Any, x: Any, z: Any, w: Any, b: Any, old: Any, count: int, c: Any, at: int, H: int
) -> Any:  # fmt: skip
    """The gates z of one unit at 0, H, 2H, 3H, from its inputs x, the state of `count` numbers, and the cell c before.

    Returns f·c + i·g. Peepholes of i, f and o are at `at`, H behind and 2H behind.
    """
    gate, peephole = integer(row, GATE_ACTIVATION), integer(row, OWN)
    p = shifted(pointer(row, memory, peephole), at)
    for k in range(4):
        z[k * H] = chain(old, 1, shifted(w, k * H), 4 * H, count, x[k * H]) + b[k * H]
    if peephole != 0:
        z[0] = multiply_add(p[0], c, z[0])
        z[H] = multiply_add(p[H], c, z[H])
    bend(gate, z, 1)
    bend(gate, shifted(z, H), 1)
    bend(integer(row, ACTIVATION), shifted(z, 2 * H), 1)
    new = z[H] * c + z[0] * z[2 * H]
    if peephole != 0:
        z[3 * H] = multiply_add(p[2 * H], new, z[3 * H])
    bend(gate, shifted(z, 3 * H), 1)
    return new


@kernel
def lstm_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dgates (N, T, D·4H), dstate (N, T, D·P), dcell[, dshown] (N, T, D·H) of one step.

    dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ. With a projection that is a row of its own, and dshown =
    dstate·weight_hrᵀ. dcell[t] = dshown·o·bend′ + dcell[t+1]·f[t+1], and what comes by the peepholes.
    """
    projection, T, H = integer(row, OWN + 1), dimension(row, 0, 1), quotient(dimension(row, 2, 2), integer(row, 0))
    P, turn = dimension(row, 4, 1), integer(row, TURN)
    before = quotient(turn, 2) if projection != 0 else turn
    s, both = T - 1 - before, projection == 0
    units, at = dimension(row, 0, 0) * integer(row, 0), part
    if both or turn - 2 * before == 0:
        while at < units * P:
            lstm_state_back(row, memory, at, P, 4 * H, T, s)
            if both:
                lstm_cell_back(row, memory, at, H, P, T, s)
            at += row[ROW_PARTS]
        return
    while at < units * H:
        lstm_cell_back(row, memory, at, H, P, T, s)
        at += row[ROW_PARTS]


@inline
def lstm_state_back(row: Any, memory: Any, at: int, P: int, G: int, T: int, s: int) -> None:
    """dstate of number `at` of (N, D, P) at step s, or the gradient of the initial state where s is −1."""
    written = integer(row, 4)
    dgates, dstate = pointer(row, memory, written), pointer(row, memory, written + 1)
    _, d, p, here = place_at(row, at, P, T, max(s, 0))
    dh = DTYPE(0.0)
    if s >= 0:
        dh = pointer(row, memory, 0)[here * P + p]
    if goes_back(row, T, s):
        _, _, _, then = place_at(row, at, P, T, s + 1)
        transposed = shifted(pointer(row, memory, 4), d * G * P + p)
        dh = chain(shifted(dgates, then * G), 1, transposed, P, G, dh)
        if is_absent(row, memory, then):
            dh += dstate[then * P + p]
    if s >= 0:
        dstate[here * P + p] = dh
    else:
        pointer(row, memory, integer(row, 3))[at] = dh


@inline
def lstm_cell_back(row: Any, memory: Any, at: int, H: int, P: int, T: int, s: int) -> None:
    """dcell and dgates of number `at` of (N, D, H) at step s, or the gradient of the initial cell where s is −1."""
    written, kind, gate = integer(row, 4), integer(row, ACTIVATION), integer(row, GATE_ACTIVATION)
    peephole, projection = integer(row, OWN), integer(row, OWN + 1)
    _, d, j, here = place_at(row, at, H, T, max(s, 0))
    p, dcell = shifted(pointer(row, memory, peephole), d * 3 * H + j), pointer(row, memory, written + 2)
    later = DTYPE(0.0)
    if goes_back(row, T, s):
        _, _, _, then = place_at(row, at, H, T, s + 1)
        later = dcell[then * H + j]
        if not is_absent(row, memory, then):
            dz = shifted(pointer(row, memory, written), then * 4 * H + j)
            later *= pointer(row, memory, 1)[then * 4 * H + H + j]
            if peephole != 0:
                later = multiply_add(dz[H], p[H], multiply_add(dz[0], p[0], later))
    if s < 0:
        pointer(row, memory, integer(row, 3) + 1)[at] = later
        return
    z, dz = shifted(pointer(row, memory, 1), here * 4 * H + j), shifted(pointer(row, memory, written), here * 4 * H + j)
    dshown = DTYPE(0.0)
    if projection != 0:
        weight = shifted(pointer(row, memory, projection), (d * H + j) * P)
        if not is_absent(row, memory, here):
            dshown = chain(shifted(pointer(row, memory, written + 1), here * P), 1, weight, 1, P, dshown)
        pointer(row, memory, written + 3)[here * H + j] = dshown
    else:
        dshown = pointer(row, memory, written + 1)[here * H + j]
    if is_absent(row, memory, here):
        for k in range(4):
            dz[k * H] = DTYPE(0.0)
    else:
        dz[3 * H] = pointer(row, memory, 2)[here * H + j]
        bend(kind, shifted(dz, 3 * H), 1)
        bent = dz[3 * H]
        later += dshown * z[3 * H] * slope(kind, bent)
        dz[3 * H] = dshown * bent * slope(gate, z[3 * H])
        if peephole != 0:
            later = multiply_add(dz[3 * H], p[2 * H], later)
        dz[0] = later * z[2 * H] * slope(gate, z[0])
        dz[H] = later * pointer(row, memory, 3)[here * H + j] * slope(gate, z[H])
        dz[2 * H] = later * z[0] * slope(kind, z[2 * H])
    dcell[here * H + j] = later


@kernel
def gru_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """gates (N, T, D·3H), recalled, previous, hidden (N, T, D·H) of one step: hidden = n + z·(previous − n).

    n = bend(inputs + r·recalled), recalled = previous·weight_hh + bias_hh; or, where r comes before the product, n =
    bend(inputs + recalled·weight_hh + bias_hh), recalled = r·previous, in a second row.
    """
    written, after, turn = integer(row, 4), integer(row, OWN), integer(row, TURN)
    T, H = dimension(row, 0, 1), quotient(dimension(row, 1, 1), 3)
    s = turn if after != 0 else quotient(turn, 2)
    hidden, previous = pointer(row, memory, written + 3), pointer(row, memory, written + 2)
    first, gate = after != 0 or turn - 2 * s == 0, integer(row, GATE_ACTIVATION)
    at = part
    while at < dimension(row, 0, 0) * integer(row, 0) * H:
        _, d, j, here = place_at(row, at, H, T, s)
        w, b = shifted(pointer(row, memory, 1), d * H * 3 * H + j), shifted(pointer(row, memory, 2), d * 3 * H + j)
        x, z = (
            shifted(pointer(row, memory, 0), here * 3 * H + j),
            shifted(pointer(row, memory, written), here * 3 * H + j),
        )
        k, recalled = here * H + j, pointer(row, memory, written + 1)
        if first:
            old, nothing = state_before(row, memory, integer(row, 3), hidden, at, H, T, s)
            count = 0 if nothing else H
            previous[k] = DTYPE(0.0)
            if not nothing:
                previous[k] = old[j]
            for g in range(2):
                z[g * H] = chain(old, 1, shifted(w, g * H), 3 * H, count, x[g * H]) + b[g * H]
                bend(gate, shifted(z, g * H), 1)
            recalled[k] = z[0] * previous[k]
            if after != 0:
                recalled[k] = chain(old, 1, shifted(w, 2 * H), 3 * H, count, b[2 * H])
        if after != 0:
            z[2 * H] = z[0] * recalled[k] + x[2 * H]
        elif not first:
            recurrent = chain(shifted(recalled, here * H), 1, shifted(w, 2 * H), 3 * H, H, b[2 * H])
            z[2 * H] = recurrent + x[2 * H]
        if after != 0 or not first:
            bend(integer(row, ACTIVATION), shifted(z, 2 * H), 1)
            new = z[2 * H] + z[H] * (previous[k] - z[2 * H])
            hidden[k] = previous[k] if is_absent(row, memory, here) else new
        at += row[ROW_PARTS]


@kernel
def gru_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dgates (N, T, D·3H), drecalled, dstate (N, T, D·H) of one step.

    dn = dstate·(1 − z)·bend′, dz = dstate·(previous − n)·gate′; dr and drecalled follow, in a second row where r comes
    before the product.
    """
    after, turn, T, H = integer(row, OWN), integer(row, TURN), dimension(row, 0, 1), dimension(row, 4, 1)
    before = turn if after != 0 else quotient(turn, 2)
    s, first = T - 1 - before, after != 0 or turn - 2 * before == 0
    gates, recalled, previous = pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    dgates, drecalled = pointer(row, memory, integer(row, 4)), pointer(row, memory, integer(row, 4) + 1)
    at = part
    while at < dimension(row, 0, 0) * integer(row, 0) * H:
        _, d, j, here = place_at(row, at, H, T, max(s, 0))
        k, gate = here * H + j, integer(row, GATE_ACTIVATION)
        dz, z = shifted(dgates, here * 3 * H + j), shifted(gates, here * 3 * H + j)
        if first:
            dh = gru_state_back(row, memory, at, H, T, s)
            if s >= 0:
                there = DTYPE(0.0) if is_absent(row, memory, here) else DTYPE(1.0)
                dz[H] = there * dh * (previous[k] - z[2 * H]) * slope(gate, z[H])
                dz[2 * H] = there * dh * (1.0 - z[H]) * slope(integer(row, ACTIVATION), z[2 * H])
                if after != 0:
                    drecalled[k] = dz[2 * H] * z[0]
                    dz[0] = dz[2 * H] * recalled[k] * slope(gate, z[0])
        elif s >= 0:
            of_n = shifted(pointer(row, memory, 4), (d * 3 * H + 2 * H) * H + j)
            drecalled[k] = chain(shifted(dgates, here * 3 * H + 2 * H), 1, of_n, H, H, DTYPE(0.0))
            dz[0] = drecalled[k] * previous[k] * slope(gate, z[0])
        at += row[ROW_PARTS]


@inline
def gru_state_back(row: Any, memory: Any, at: int, H: int, T: int, s: int) -> Any:
    """dstate of number `at` of (N, D, H) at step s, or the gradient of the initial state where s is −1."""
    written, after = integer(row, 4), integer(row, OWN)
    dstate = pointer(row, memory, written + 2)
    _, d, j, here = place_at(row, at, H, T, max(s, 0))
    dh = DTYPE(0.0)
    if s >= 0:
        dh = pointer(row, memory, 0)[here * H + j]
    if goes_back(row, T, s):
        _, _, _, then = place_at(row, at, H, T, s + 1)
        transposed = shifted(pointer(row, memory, 4), d * 3 * H * H + j)
        dz, du = shifted(pointer(row, memory, written), then * 3 * H), pointer(row, memory, written + 1)
        dh = chain(dz, 1, transposed, H, 2 * H, dh)
        if after != 0:
            dh = chain(shifted(du, then * H), 1, shifted(transposed, 2 * H * H), H, H, dh)
        gates = shifted(pointer(row, memory, 1), then * 3 * H + j)
        if is_absent(row, memory, then):
            dh += dstate[then * H + j]
        else:
            dh += dstate[then * H + j] * gates[H]
            if after == 0:
                dh += du[then * H + j] * gates[0]
    if s >= 0:
        dstate[here * H + j] = dh
    else:
        pointer(row, memory, integer(row, 3))[at] = dh
    return dh
