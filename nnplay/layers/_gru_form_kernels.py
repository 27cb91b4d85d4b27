"""The steps of a GRU in a form of its own, as kernels: `_gru_form` says what they compute."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.bending import bend, slope
from nnplay.kernels.compile.jit import inline, noalias
from nnplay.kernels.matmul import multiply, product
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


@inline
def at_step(
    row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int, P: int, to: int
) -> None:  # fmt: skip
    """gates (N, T, D·3H), recalled, previous, hidden (N, T, D·H) of one step."""
    written, after, G = integer(row, 4), integer(row, OWN), 3 * H
    wide, narrow = T * D * G, T * D * H  # from one row of the batch to the next
    w, b = shifted(pointer(row, memory, 1), d * H * G), shifted(pointer(row, memory, 2), d * G)
    w_n, b_n = shifted(w, 2 * H), shifted(b, 2 * H)
    x, gates = shifted(pointer(row, memory, 0), at * G), shifted(pointer(row, memory, written), at * G)
    recalled = shifted(pointer(row, memory, written + 1), at * H)
    previous = shifted(pointer(row, memory, written + 2), at * H)
    hidden, proposed = shifted(pointer(row, memory, written + 3), at * H), shifted(gates, 2 * H)
    take_state(row, memory, integer(row, 3), previous, hidden, narrow, to * H, rows, d, s, H)
    multiply(previous, narrow, 1, w, G, 1, gates, wide, x, wide, rows, 2 * H, H)
    for n in range(rows):
        add(shifted(gates, n * wide), b, 2 * H)
        bend(integer(row, GATE_ACTIVATION), shifted(gates, n * wide), 2 * H)
        if after == 0:
            by(shifted(recalled, n * narrow), shifted(gates, n * wide), shifted(previous, n * narrow), H)
    if after != 0:
        multiply(previous, narrow, 1, w_n, G, 1, recalled, narrow, b_n, 0, rows, H, H)
    else:
        multiply(recalled, narrow, 1, w_n, G, 1, proposed, wide, b_n, 0, rows, H, H)
    for n in range(rows):
        z, p, h = shifted(gates, n * wide), shifted(previous, n * narrow), shifted(hidden, n * narrow)
        of_n = shifted(z, 2 * H)
        if after != 0:
            by(of_n, z, shifted(recalled, n * narrow), H)
        add(of_n, shifted(x, n * wide + 2 * H), H)
        bend(integer(row, ACTIVATION), of_n, H)
        replace(z, p, h, H)
        if is_absent(row, memory, at, n, T, D):
            copy(h, p, H)


@noalias
def by(product_of: Any, a: Any, b: Any, H: int) -> None:
    """product_of (H) = a·b, number by number."""
    for j in range(H):
        product_of[j] = a[j] * b[j]


@noalias
def replace(gates: Any, previous: Any, hidden: Any, H: int) -> None:
    """hidden (H) = (1 − z)·n + z·previous of one row, for gates r, z, n (3H)."""
    for j in range(H):
        proposed = gates[2 * H + j]
        hidden[j] = proposed + gates[H + j] * (previous[j] - proposed)


@inline
def back_at_step(
    row: Any, memory: Any, at: int, n: int, d: int, D: int, rows: int, s: int, T: int, H: int, P: int, to: int,
    keeps: bool,
) -> None:  # fmt: skip
    """dgates (N, T, D·3H), drecalled, dstate (N, T, D·H) of one step.

    hidden = (1 − z)·n + z·previous, so the state before gets dstate·z, (dr, dz)·weight_hhᵀ, and what n sees of it.
    """
    written, initial, after, G = integer(row, 4), integer(row, 3), integer(row, OWN), 3 * H
    gate, wide, narrow = integer(row, GATE_ACTIVATION), T * D * 3 * H, T * D * H
    dhidden, gates = shifted(pointer(row, memory, 0), at * H), shifted(pointer(row, memory, 1), at * G)
    recalled, previous = shifted(pointer(row, memory, 2), at * H), shifted(pointer(row, memory, 3), at * H)
    transposed = shifted(pointer(row, memory, 4), d * G * H)
    of_n = shifted(transposed, 2 * H * H)
    dgates = shifted(pointer(row, memory, written), at * G)
    drecalled = shifted(pointer(row, memory, written + 1), at * H)
    dstate = shifted(pointer(row, memory, written + 2), at * H)
    for m in range(rows):
        dh, dz, z = shifted(dstate, m * narrow), shifted(dgates, m * wide), shifted(gates, m * wide)
        if s == T - 1:
            copy(dh, shifted(dhidden, m * narrow), H)
        if is_absent(row, memory, at, m, T, D):
            zero(dz, G)
        else:
            keep_or_replace(integer(row, ACTIVATION), gate, z, shifted(previous, m * narrow), dh, dz, H)
    if after == 0:
        product(shifted(dgates, 2 * H), wide, 1, of_n, H, drecalled, narrow, rows, H, H, False)
    for m in range(rows):
        dz, z, du = shifted(dgates, m * wide), shifted(gates, m * wide), shifted(drecalled, m * narrow)
        if after != 0:
            by(du, shifted(dz, 2 * H), z, H)
            reset(gate, z, shifted(recalled, m * narrow), shifted(dz, 2 * H), dz, H)
        else:
            reset(gate, z, shifted(previous, m * narrow), du, dz, H)
    if s > 0 or initial != 0:
        before, apart = gradient_before(row, memory, initial, dstate, n, d, D, s, to * H, narrow, H)
        start, inner = start_of(dhidden, s, to * H), H if keeps else 0
        multiply(dgates, wide, 1, transposed, H, 1, before, apart, start, narrow, rows, H, 2 * inner)
        if after != 0:
            multiply(drecalled, narrow, 1, of_n, H, 1, before, apart, before, apart, rows, H, inner)
        for m in range(rows):
            old, dh, z = shifted(before, m * apart), shifted(dstate, m * narrow), shifted(gates, m * wide)
            if keeps and is_absent(row, memory, at, m, T, D):
                add(old, dh, H)
            elif keeps:
                add_by(old, dh, shifted(z, H), H)
                if after == 0:
                    add_by(old, shifted(drecalled, m * narrow), z, H)


@noalias
def keep_or_replace(kind: int, gate: int, gates: Any, previous: Any, dstate: Any, dgates: Any, H: int) -> None:
    """hidden = (1 − z)·n + z·previous, so dz = dh·(previous − n)·gate′, dn = dh·(1 − z)·bend′, each (H)."""
    for j in range(H):
        z, proposed = gates[H + j], gates[2 * H + j]
        dgates[H + j] = dstate[j] * (previous[j] - proposed) * slope(gate, z)
        dgates[2 * H + j] = dstate[j] * (1.0 - z) * slope(kind, proposed)


@noalias
def reset(gate: int, r: Any, seen: Any, dseen: Any, dr: Any, H: int) -> None:
    """What was seen, times r: so dr (H) = dseen·seen·gate′."""
    for j in range(H):
        dr[j] = dseen[j] * seen[j] * slope(gate, r[j])


@noalias
def add_by(sums: Any, a: Any, b: Any, H: int) -> None:
    """sums (H) += a·b, number by number."""
    for j in range(H):
        sums[j] += a[j] * b[j]


FORWARD = form_forward_kernel(at_step, gates=3)
BACKWARD = form_backward_kernel(back_at_step, gates=3, transposed=4)
