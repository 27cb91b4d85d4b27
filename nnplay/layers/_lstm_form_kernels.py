"""The steps of an LSTM in a form of its own, as kernels: `_lstm_form` says what they compute."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.bending import bend, slope
from nnplay.kernels.compile.jit import inline, noalias
from nnplay.kernels.matmul import multiply, product, product_transposed
from nnplay.kernels.operands import integer, pointer, shifted
from nnplay.kernels.recurrent_batches import add, copy, zero
from nnplay.layers._recurrent_form_kernels import (
    ACTIVATION,
    GATE_ACTIVATION,
    OWN,
    form_backward_kernel,
    form_forward_kernel,
    gradient_before,
    is_absent,
    start_of,
    take_state,
)
from nnplay.operations.recurrent_parameters import add_product


@inline
def at_step(
    row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int, P: int, to: int
) -> None:  # fmt: skip
    """gates (N, T, D·4H), previous, hidden (N, T, D·P), before, cell[, shown] (N, T, D·H) of one step."""
    written, initial, kind = integer(row, 4), integer(row, 3), integer(row, ACTIVATION)
    peephole, projection = integer(row, OWN), integer(row, OWN + 1)
    G, wide, own, narrow = 4 * H, T * D * 4 * H, T * D * H, T * D * P
    w, b = shifted(pointer(row, memory, 1), d * P * G), shifted(pointer(row, memory, 2), d * G)
    x, z = shifted(pointer(row, memory, 0), at * G), shifted(pointer(row, memory, written), at * G)
    previous = shifted(pointer(row, memory, written + 1), at * P)
    before = shifted(pointer(row, memory, written + 2), at * H)
    cell = shifted(pointer(row, memory, written + 3), at * H)
    hidden = shifted(pointer(row, memory, written + 4), at * P)
    shown = shifted(pointer(row, memory, written + 5), at * H) if projection != 0 else hidden
    p = shifted(pointer(row, memory, peephole), d * 3 * H)
    take_state(row, memory, initial, previous, hidden, narrow, to * P, rows, d, s, P)
    of_cell = initial + 1 if initial != 0 else 0
    take_state(row, memory, of_cell, before, cell, own, to * H, rows, d, s, H)
    multiply(previous, narrow, 1, w, G, 1, z, wide, x, wide, rows, G, P)
    for n in range(rows):
        gates, old, new = shifted(z, n * wide), shifted(before, n * own), shifted(cell, n * own)
        add(gates, b, G)
        if peephole != 0:
            add_product(gates, p, old, H)
            add_product(shifted(gates, H), shifted(p, H), old, H)
        bend(integer(row, GATE_ACTIVATION), gates, 2 * H)
        bend(kind, shifted(gates, 2 * H), H)
        remember(gates, old, new, H)
        if peephole != 0:
            add_product(shifted(gates, 3 * H), shifted(p, 2 * H), new, H)
        bend(integer(row, GATE_ACTIVATION), shifted(gates, 3 * H), H)
        show = shifted(shown, n * own)
        copy(show, new, H)
        bend(kind, show, H)
        times(show, shifted(gates, 3 * H), H)
    if projection != 0:
        product(
            shown, own, 1, shifted(pointer(row, memory, projection), d * H * P), P, hidden, narrow, rows, P, H, False
        )  # fmt: skip
    for n in range(rows):
        if is_absent(row, memory, at, n, T, D):
            copy(shifted(cell, n * own), shifted(before, n * own), H)
            copy(shifted(hidden, n * narrow), shifted(previous, n * narrow), P)
            if projection != 0:
                zero(shifted(shown, n * own), H)


@noalias
def remember(gates: Any, before: Any, cell: Any, H: int) -> None:
    """cell (H) = f·before + i·g of one row, for gates i, f, g, o (4H)."""
    for j in range(H):
        cell[j] = gates[H + j] * before[j] + gates[j] * gates[2 * H + j]


@noalias
def times(a: Any, b: Any, H: int) -> None:
    """a (H) ← a·b, number by number."""
    for j in range(H):
        a[j] = a[j] * b[j]


@inline
def back_at_step(
    row: Any, memory: Any, at: int, n: int, d: int, D: int, rows: int, s: int, T: int, H: int, P: int, to: int,
    keeps: bool,
) -> None:  # fmt: skip
    """dgates (N, T, D·4H), dstate (N, T, D·P), dcell[, dshown] (N, T, D·H) of one step.

    cell = f·before + i·g, shown = o·bend(cell), hidden = shown·weight_hr; the states before get dgates·weight_hhᵀ and
    dcell·f, and by the peepholes di·p and df·p.
    """
    written, initial = integer(row, 4), integer(row, 3)
    peephole, projection = integer(row, OWN), integer(row, OWN + 1)
    G, wide, own, narrow = 4 * H, T * D * 4 * H, T * D * H, T * D * P
    dhidden, z = shifted(pointer(row, memory, 0), at * P), shifted(pointer(row, memory, 1), at * G)
    cell, before = shifted(pointer(row, memory, 2), at * H), shifted(pointer(row, memory, 3), at * H)
    transposed = shifted(pointer(row, memory, 4), d * G * P)
    dgates, dstate = shifted(pointer(row, memory, written), at * G), shifted(pointer(row, memory, written + 1), at * P)
    dcell = shifted(pointer(row, memory, written + 2), at * H)
    dshown = shifted(pointer(row, memory, written + 3), at * H) if projection != 0 else dstate
    p = shifted(pointer(row, memory, peephole), d * 3 * H)
    if s == T - 1:
        for m in range(rows):
            copy(shifted(dstate, m * narrow), shifted(dhidden, m * narrow), P)
            zero(shifted(dcell, m * own), H)
    if projection != 0:
        weight = shifted(pointer(row, memory, projection), d * H * P)
        product_transposed(dstate, narrow, 1, weight, P, dshown, own, rows, H, P, False)
    for m in range(rows):
        gates, dz, dc = shifted(z, m * wide), shifted(dgates, m * wide), shifted(dcell, m * own)
        if is_absent(row, memory, at, m, T, D):
            zero(dz, G)
            if projection != 0:
                zero(shifted(dshown, m * own), H)
            continue
        of_o = shifted(dz, 3 * H)
        copy(of_o, shifted(cell, m * own), H)
        bend(integer(row, ACTIVATION), of_o, H)
        hide(
            integer(row, ACTIVATION), integer(row, GATE_ACTIVATION), shifted(gates, 3 * H), shifted(dshown, m * own),
            dc, of_o, H,
        )  # fmt: skip
        if peephole != 0:
            add_product(dc, of_o, shifted(p, 2 * H), H)
        forget(
            integer(row, ACTIVATION), integer(row, GATE_ACTIVATION), gates, shifted(before, m * own), dc, dz, H
        )  # fmt: skip
    if s > 0 or initial != 0:
        place, apart = gradient_before(row, memory, initial, dstate, n, d, D, s, to * P, narrow, P)
        start = start_of(dhidden, s, to * P)
        multiply(dgates, wide, 1, transposed, P, 1, place, apart, start, narrow, rows, P, G if keeps else 0)
        of_cell, cells = gradient_before(row, memory, initial + 1, dcell, n, d, D, s, to * H, own, H)
        for m in range(rows):
            old, dc, dz = shifted(of_cell, m * cells), shifted(dcell, m * own), shifted(dgates, m * wide)
            if not keeps:
                zero(old, H)
            elif is_absent(row, memory, at, m, T, D):
                copy(old, dc, H)
                add(shifted(place, m * apart), shifted(dstate, m * narrow), P)
            else:
                copy(old, dc, H)
                times(old, shifted(z, m * wide + H), H)
                if peephole != 0:
                    add_product(old, dz, p, H)
                    add_product(old, shifted(dz, H), shifted(p, H), H)


@noalias
def hide(kind: int, gate: int, o: Any, dshown: Any, dcell: Any, of_o: Any, H: int) -> None:
    """shown = o·bend(cell), so dcell (H) += dshown·o·bend′ and do (H) = dshown·bend(cell)·gate′.

    `of_o` holds bend(cell), and then do.
    """
    for j in range(H):
        bent = of_o[j]
        dcell[j] = dcell[j] + dshown[j] * o[j] * slope(kind, bent)
        of_o[j] = dshown[j] * bent * slope(gate, o[j])


@noalias
def forget(kind: int, gate: int, gates: Any, before: Any, dcell: Any, dgates: Any, H: int) -> None:
    """cell = f·before + i·g, so di = dcell·g·gate′, df = dcell·before·gate′, dg = dcell·i·bend′, each (H)."""
    for j in range(H):
        i, f, g = gates[j], gates[H + j], gates[2 * H + j]
        dgates[j] = dcell[j] * g * slope(gate, i)
        dgates[H + j] = dcell[j] * before[j] * slope(gate, f)
        dgates[2 * H + j] = dcell[j] * i * slope(kind, g)


FORWARD = form_forward_kernel(at_step, gates=4)
BACKWARD = form_backward_kernel(back_at_step, gates=4, transposed=4)
