"""Recurrent cells on a graphics card: a row for each time step, of which each thread takes one unit of one sequence.

Operands are those of `nnplay.layers.lstm`, `gru` and `rnn`: inputs and gates (N, T, D·G·H), states (N, T, D·H). Which
step a row is for stands in its integer `TURN`.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.abi import MAX_INTEGERS, ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline, kernel
from nnplay.kernels.cuda.partial import sum_of
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.elementary import sigmoid, tanh
from nnplay.kernels.operands import adds, dimension, integer, pointer, rows_of, shifted, size
from nnplay.kernels.recurrent_batches import is_linked

#: The integer of a row that says how often it was run before in this step of training.
TURN: Final = MAX_INTEGERS - 1


@inline
def place_of(at: int, H: int, D: int, T: int, s: int) -> Any:
    """Of number `at` of (N, D, H): its row n, direction, unit j, time t at step s, and where (n, t, d) stands."""
    unit = quotient(at, H)
    n = quotient(unit, D)
    d = unit - n * D
    t = T - 1 - s if d != 0 else s
    return n, d, at - unit * H, t, (n * T + t) * D + d


@inline
def onward(d: int, D: int) -> int:
    """From where (n, t, d) stands to where the step after does."""
    return -D if d != 0 else D


@inline
def is_absent(row: Any, memory: Any, k: int, padded: bool, place: int) -> bool:
    """Whether a step is padding; operand k is `present` (N, T) where sequences may be padded."""
    absent = False
    if padded:
        absent = pointer(row, memory, k)[place] == 0.0
    return absent


def _rnn_forward(padded: bool, relu: bool) -> Kernel:
    first = 4 if padded else 3

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """hidden[t] = bend(inputs[t] + hidden[t−1]·weight_hh + bias_hh), hidden and previous (N, T, D·H)."""
        x, w, b = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        hidden, previous = pointer(row, memory, first), pointer(row, memory, first + 1)
        N, T, H, s = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1), integer(row, TURN)
        D = quotient(dimension(row, 1, 0), H)
        at = part
        while at < N * D * H:
            n, d, j, t, here = place_of(at, H, D, T, s)
            total, before = x[here * H + j], DTYPE(0.0)
            if s > 0:
                old = shifted(hidden, (here - onward(d, D)) * H)
                before = old[j]
                total = chain(old, 1, shifted(w, d * H * H + j), H, H, total)
            total += b[d * H + j]
            if relu:
                total = DTYPE(0.0) if total <= 0.0 else total
            else:
                total = tanh(total)
            previous[here * H + j] = before
            hidden[here * H + j] = before if is_absent(row, memory, 3, padded, n * T + t) else total
            at += row[ROW_PARTS]

    return Kernel(f"{__name__}:rnn_forward{'_relu' if relu else ''}{'_padded' if padded else ''}", forward)


def _rnn_backward(padded: bool, relu: bool) -> Kernel:
    first = 4 if padded else 3

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ, dgates[t] = dstate[t]·bend′; all (N, T, D·H)."""
        dhidden, hidden, w = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        dgates, dstate = pointer(row, memory, first), pointer(row, memory, first + 1)
        D, N, T = integer(row, 0), dimension(row, 0, 0), dimension(row, 0, 1)
        H, s = quotient(dimension(row, 0, 2), D), dimension(row, 0, 1) - 1 - integer(row, TURN)
        linked = is_linked(s, T, integer(row, 1))
        at = part
        while at < N * D * H:
            n, d, j, t, here = place_of(at, H, D, T, s)
            dh, then = dhidden[here * H + j], (here + onward(d, D)) * H
            if linked:
                dh = chain(shifted(dgates, then), 1, shifted(w, d * H * H + j), H, H, dh)
                if is_absent(row, memory, 3, padded, n * T + t + onward(d, 1)):
                    dh += dstate[then + j]
            dstate[here * H + j] = dh
            h = hidden[here * H + j]
            if relu:
                slope = DTYPE(1.0) if h > 0.0 else DTYPE(0.0)
            else:
                slope = DTYPE(1.0) - h * h
            dgates[here * H + j] = DTYPE(0.0) if is_absent(row, memory, 3, padded, n * T + t) else dh * slope
            at += row[ROW_PARTS]

    return Kernel(f"{__name__}:rnn_backward{'_relu' if relu else ''}{'_padded' if padded else ''}", backward)


def _lstm_forward(padded: bool) -> Kernel:
    first = 4 if padded else 3

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """gates (N, T, D·4H) = i, f, g, o; cell[t] = f·cell[t−1] + i·g; hidden[t] = o·tanh(cell[t]), (N, T, D·H)."""
        x, w, b = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        gates, previous = pointer(row, memory, first), pointer(row, memory, first + 1)
        cell, hidden = pointer(row, memory, first + 2), pointer(row, memory, first + 3)
        N, T, G, s = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1), integer(row, TURN)
        H = quotient(G, 4)
        D = quotient(dimension(row, 1, 0), H)
        at = part
        while at < N * D * H:
            n, d, j, t, here = place_of(at, H, D, T, s)
            Z, B, before, c = here * G + j, shifted(b, d * G + j), DTYPE(0.0), DTYPE(0.0)
            i, f, g, o = x[Z], x[Z + H], x[Z + 2 * H], x[Z + 3 * H]
            if s > 0:
                old, W = shifted(hidden, (here - onward(d, D)) * H), shifted(w, d * H * G + j)
                before, c = old[j], cell[(here - onward(d, D)) * H + j]
                for k in range(H):
                    h, place = old[k], k * G
                    i, f = multiply_add(h, W[place], i), multiply_add(h, W[place + H], f)
                    g, o = multiply_add(h, W[place + 2 * H], g), multiply_add(h, W[place + 3 * H], o)
            i, f, g, o = sigmoid(i + B[0]), sigmoid(f + B[H]), tanh(g + B[2 * H]), sigmoid(o + B[3 * H])
            gates[Z], gates[Z + H], gates[Z + 2 * H], gates[Z + 3 * H] = i, f, g, o
            previous[here * H + j] = before
            absent = is_absent(row, memory, 3, padded, n * T + t)
            new = f * c + i * g
            cell[here * H + j] = c if absent else new
            hidden[here * H + j] = before if absent else o * tanh(new)
            at += row[ROW_PARTS]

    return Kernel(f"{__name__}:lstm_forward{'_padded' if padded else ''}", forward)


def _lstm_backward(padded: bool) -> Kernel:
    first = 5 if padded else 4

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dgates (N, T, D·4H), dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ and dcell, both (N, T, D·H).

        dc = dcell[t+1]·f[t+1] + dh·o·(1 − tanh²cell), di = dc·g·i(1 − i), df = dc·before·f(1 − f), dg = dc·i·(1 − g²),
        do = dh·tanh(cell)·o(1 − o).
        """
        dhidden, gates, cell = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        w, dgates = pointer(row, memory, 3), pointer(row, memory, first)
        dstate, dcell = pointer(row, memory, first + 1), pointer(row, memory, first + 2)
        D, N, T = integer(row, 0), dimension(row, 0, 0), dimension(row, 0, 1)
        H, s = quotient(dimension(row, 0, 2), D), dimension(row, 0, 1) - 1 - integer(row, TURN)
        linked, G = is_linked(s, T, integer(row, 1)), 4 * H
        at = part
        while at < N * D * H:
            n, d, j, t, here = place_of(at, H, D, T, s)
            then, before = here + onward(d, D), (here - onward(d, D)) * H + j
            dh, later = dhidden[here * H + j], DTYPE(0.0)
            if linked:
                dh = chain(shifted(dgates, then * G), 1, shifted(w, d * G * H + j), H, G, dh)
                later = dcell[then * H + j]
                if is_absent(row, memory, 4, padded, n * T + t + onward(d, 1)):
                    dh += dstate[then * H + j]
                else:
                    later *= gates[then * G + H + j]
            dstate[here * H + j] = dh
            Z = here * G + j
            i, f, g, o = gates[Z], gates[Z + H], gates[Z + 2 * H], gates[Z + 3 * H]
            if is_absent(row, memory, 4, padded, n * T + t):
                dcell[here * H + j] = later
                for k in range(4):
                    dgates[Z + k * H] = 0.0
            else:
                squashed, old = tanh(cell[here * H + j]), DTYPE(0.0)
                if s > 0:
                    old = cell[before]
                dc = later + dh * o * (1.0 - squashed * squashed)
                dcell[here * H + j] = dc
                dgates[Z] = dc * g * i * (1.0 - i)
                dgates[Z + H] = dc * old * f * (1.0 - f)
                dgates[Z + 2 * H] = dc * i * (1.0 - g * g)
                dgates[Z + 3 * H] = dh * squashed * o * (1.0 - o)
            at += row[ROW_PARTS]

    return Kernel(f"{__name__}:lstm_backward{'_padded' if padded else ''}", backward)


def _gru_forward(padded: bool) -> Kernel:
    first = 4 if padded else 3

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """gates (N, T, D·3H) = r, z, n; recalled = previous·weight_hh + bias_hh for n; hidden = (1 − z)·n + z·previous.

        n = tanh(inputs + r·recalled); recalled, previous, hidden (N, T, D·H).
        """
        x, w, b = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        gates, recalled = pointer(row, memory, first), pointer(row, memory, first + 1)
        previous, hidden = pointer(row, memory, first + 2), pointer(row, memory, first + 3)
        N, T, G, s = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1), integer(row, TURN)
        H = quotient(G, 3)
        D = quotient(dimension(row, 1, 0), H)
        at = part
        while at < N * D * H:
            n, d, j, t, here = place_of(at, H, D, T, s)
            Z, B, before = here * G + j, shifted(b, d * G + j), DTYPE(0.0)
            r, z, u = x[Z], x[Z + H], B[2 * H]
            if s > 0:
                old, W = shifted(hidden, (here - onward(d, D)) * H), shifted(w, d * H * G + j)
                before = old[j]
                for k in range(H):
                    h, place = old[k], k * G
                    r, z = multiply_add(h, W[place], r), multiply_add(h, W[place + H], z)
                    u = multiply_add(h, W[place + 2 * H], u)
            r, z = sigmoid(r + B[0]), sigmoid(z + B[H])
            proposed = tanh(x[Z + 2 * H] + r * u)
            gates[Z], gates[Z + H], gates[Z + 2 * H] = r, z, proposed
            recalled[here * H + j] = u
            previous[here * H + j] = before
            new = proposed + z * (before - proposed)
            hidden[here * H + j] = before if is_absent(row, memory, 3, padded, n * T + t) else new
            at += row[ROW_PARTS]

    return Kernel(f"{__name__}:gru_forward{'_padded' if padded else ''}", forward)


def _gru_backward(padded: bool) -> Kernel:
    first = 6 if padded else 5

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dgates (N, T, D·3H), drecalled and dstate (N, T, D·H) of one step.

        dstate[t] = dhidden[t] + (dr, dz, drecalled)[t+1]·weight_hhᵀ + dstate[t+1]·z[t+1]; dn = dh·(1 − z)·(1 − n²),
        dr = dn·recalled·r(1 − r), dz = dh·(previous − n)·z(1 − z), drecalled = dn·r.
        """
        dhidden, gates, recalled = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        previous, w, dgates = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, first)
        drecalled, dstate = pointer(row, memory, first + 1), pointer(row, memory, first + 2)
        D, N, T = integer(row, 0), dimension(row, 0, 0), dimension(row, 0, 1)
        H, s = quotient(dimension(row, 0, 2), D), dimension(row, 0, 1) - 1 - integer(row, TURN)
        linked, G = is_linked(s, T, integer(row, 1)), 3 * H
        at = part
        while at < N * D * H:
            n, d, j, t, here = place_of(at, H, D, T, s)
            then, dh = here + onward(d, D), dhidden[here * H + j]
            if linked:
                W = shifted(w, d * G * H + j)
                dh = chain(shifted(dgates, then * G), 1, W, H, 2 * H, dh)
                dh = chain(shifted(drecalled, then * H), 1, shifted(W, 2 * H * H), H, H, dh)
                later = dstate[then * H + j]
                if not is_absent(row, memory, 5, padded, n * T + t + onward(d, 1)):
                    later *= gates[then * G + H + j]
                dh += later
            dstate[here * H + j] = dh
            Z = here * G + j
            r, z, proposed = gates[Z], gates[Z + H], gates[Z + 2 * H]
            dn = dh * (1.0 - z) * (1.0 - proposed * proposed)
            there = DTYPE(0.0) if is_absent(row, memory, 5, padded, n * T + t) else DTYPE(1.0)
            dgates[Z] = there * (dn * recalled[here * H + j] * r * (1.0 - r))
            dgates[Z + H] = there * (dh * (previous[here * H + j] - proposed) * z * (1.0 - z))
            dgates[Z + 2 * H] = there * dn
            drecalled[here * H + j] = there * (dn * r)
            at += row[ROW_PARTS]

    return Kernel(f"{__name__}:gru_backward{'_padded' if padded else ''}", backward)


#: The kernels of a cell by whether sequences may be padded.
LSTM_FORWARD: Final = {padded: _lstm_forward(padded) for padded in (False, True)}
LSTM_BACKWARD: Final = {padded: _lstm_backward(padded) for padded in (False, True)}
GRU_FORWARD: Final = {padded: _gru_forward(padded) for padded in (False, True)}
GRU_BACKWARD: Final = {padded: _gru_backward(padded) for padded in (False, True)}
#: The same by the name of the nonlinearity first.
RNN_FORWARD: Final = {
    bend: {padded: _rnn_forward(padded, bend == "relu") for padded in (False, True)} for bend in ("tanh", "relu")
}
RNN_BACKWARD: Final = {
    bend: {padded: _rnn_backward(padded, bend == "relu") for padded in (False, True)} for bend in ("tanh", "relu")
}


@kernel
def transpose(row: Any, clock: Any, memory: Any, part: int) -> None:
    """transposed[d·G + k, j] = weight_hh[d·H + j, k], for weight_hh (D·H, G), transposed (D·G, H)."""
    w, transposed = pointer(row, memory, 0), pointer(row, memory, 1)
    G, H = dimension(row, 0, 1), dimension(row, 1, 1)
    at = part
    while at < size(row, 1):
        line = quotient(at, H)
        d = quotient(line, G)
        transposed[at] = w[(d * H + at - line * H) * G + line - d * G]
        at += row[ROW_PARTS]


@kernel
def recurrent_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dweight_hh (D·H, G) = previousᵀ·dgates, by direction; previous (N·T, D·H), dgates (N·T, D·G)."""
    previous, dgates, dw = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    D, G = integer(row, 0), dimension(row, 2, 1)
    M, W = rows_of(row, memory, 0).shape
    H = quotient(W, D)
    at = part
    while at < size(row, 2):
        j = quotient(at, G)
        column = quotient(j, H) * G + at - j * G
        begin = dw[at] if adds(row, 2) else DTYPE(0.0)
        dw[at] = chain(shifted(previous, j), W, shifted(dgates, column), D * G, M, begin)
        at += row[ROW_PARTS]


@kernel
def gru_weight_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dweight_hh[j,k] = Σₙₜ previous[n,t,j]·(dr, dz, drecalled)[n,t,k], (D·H, 3H).

    previous, drecalled (N·T, D·H), dgates (N·T, D·3H).
    """
    previous, dgates, drecalled = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    dw, D, G = pointer(row, memory, 3), integer(row, 0), dimension(row, 3, 1)
    M, W = rows_of(row, memory, 0).shape
    H = quotient(W, D)
    at = part
    while at < size(row, 3):
        j = quotient(at, G)
        d, k = quotient(j, H), at - j * G
        begin = dw[at] if adds(row, 3) else DTYPE(0.0)
        if k < 2 * H:
            dw[at] = chain(shifted(previous, j), W, shifted(dgates, d * G + k), D * G, M, begin)
        else:
            dw[at] = chain(shifted(previous, j), W, shifted(drecalled, d * H + k - 2 * H), W, M, begin)
        at += row[ROW_PARTS]


@kernel
def gru_weight_gradient_before(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dweight_hh[j,k] = Σₙₜ (previous for r and z, recalled for n)[n,t,j]·dgates[n,t,k], (D·H, 3H).

    previous, recalled (N·T, D·H), dgates (N·T, D·3H).
    """
    previous, recalled, dgates = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    dw, D, G = pointer(row, memory, 3), integer(row, 0), dimension(row, 3, 1)
    M, W = rows_of(row, memory, 0).shape
    H = quotient(W, D)
    at = part
    while at < size(row, 3):
        j = quotient(at, G)
        d, k = quotient(j, H), at - j * G
        begin = dw[at] if adds(row, 3) else DTYPE(0.0)
        state = shifted(previous if k < 2 * H else recalled, j)
        dw[at] = chain(state, W, shifted(dgates, d * G + k), D * G, M, begin)
        at += row[ROW_PARTS]


@kernel
def gru_bias_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dbias_hh (D·3H) = Σₙₜ (dr, dz, drecalled), for dgates (N·T, D·3H), drecalled (N·T, D·H)."""
    dgates, drecalled, db = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    D = integer(row, 0)
    M, W = rows_of(row, memory, 1).shape
    H = quotient(W, D)
    at = part
    while at < size(row, 2):
        d = quotient(at, 3 * H)
        k = at - d * 3 * H
        begin = db[at] if adds(row, 2) else DTYPE(0.0)
        if k < 2 * H:
            db[at] = sum_of(shifted(dgates, at), D * 3 * H, M, begin)
        else:
            db[at] = sum_of(shifted(drecalled, d * H + k - 2 * H), W, M, begin)
        at += row[ROW_PARTS]
