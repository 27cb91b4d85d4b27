"""LSTM: a recurrent layer with a second state, the cell, that gates open and close (Hochreiter and Schmidhuber, 1997).

The equations and the order of the gates (i, f, g, o) are PyTorch's; `layers._recurrence` has what RNN and GRU share.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import flag, integer, number
from nnplay.kernels.compile.jit import inline, noalias
from nnplay.kernels.cuda import recurrence as cuda
from nnplay.kernels.elementary import sigmoid, tanh
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import pointer, shifted
from nnplay.kernels.recurrent_batches import add, copy, take_over, zero
from nnplay.layers._lstm_form import lstm_cell, lstm_form
from nnplay.layers._recurrence import plan_recurrent
from nnplay.layers._recurrent_cell import (
    Cell,
    Loop,
    backward_kernel,
    backward_loop,
    forward_kernel,
    forward_loop,
    is_padding,
)
from nnplay.layers._recurrent_fields import (
    BIAS_FIELD,
    CASES,
    FIELDS,
    FORM_FIELDS,
    REFUSED,
    activation_field,
    gate_activation_field,
    recurrent_twin,
)
from nnplay.layers._through_time import back_through_time, from_state, through_time
from nnplay.operations.cell_activations import logistic
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape
from nnplay.records.worked import Named, Term, apply, as_term
from nnplay.text import counted

Array = NDArray[Any]
#: All that a form of its own can have at once.
_ALL = {"peepholes": True, "proj_size": 2, "reverse": True, "padded": True, "initial_state": "learned"}


LSTM = LayerRecord(
    name="lstm",
    title="LSTM",
    family="recurrent",
    about="Long short-term memory: reads a sequence step by step and can remember what it saw long ago.",
    when="For long sequences, when something early decides what comes late.",
    torch="LSTM",
    twin=recurrent_twin("nn.LSTM"),
    fields=(
        *FIELDS,
        number(
            "forget_bias", 1.0, "initial bias of the forget gates; 1 lets a new network remember (Jozefowicz, 2015)"
        ),
        *FORM_FIELDS,
        integer("proj_size", 0, "numbers of a projection of the state, fewer than units (Sak, 2014); 0: none", low=0),
        flag("peepholes", False, "let the gates see the cell (Gers, 2000); PyTorch has none, ONNX calls them P"),
        activation_field(),
        gate_activation_field(),
        BIAS_FIELD,
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        *CASES,
        Case({"units": 3, "forget_bias": 0.0}, (3, 2)),
        Case({"units": 17, "proj_size": 3, "bidirectional": True, "layers": 2, "output": "sequence"}, (3, 2)),
        Case({"units": 4, "proj_size": 1}, (5, 3)),
        Case({"units": 3, "peepholes": True, "padded": True, "bidirectional": True}, (4, 2)),
        Case(_ALL | {"units": 5}, (4, 3)),
        Case({"units": 3, "activation": "softsign", "gate_activation": "hard_sigmoid"}, (4, 2)),
        Case(_ALL | {"units": 3, "padded": False, "truncate": 2}, (5, 2), exact=False),
        Case({"units": 3, "layers": 3, "dropout": 0.3, "bidirectional": True}, (3, 2)),
        Case({"units": 3, "bias": False, "proj_size": 2, "padded": True}, (4, 2)),
    ),
    refused=(
        *REFUSED,
        Refused({"units": 3, "proj_size": 3}, (3, 2), "fewer numbers than the 3 units"),
        Refused({"units": 3, "forget_bias": "big"}, (3, 2), "not a number"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, C) → its last state (N, D·H), or all states (N, T, D·H); parameters as in `_recurrence`."""
    units, projected = values["units"], values["proj_size"]
    if projected >= units:
        hint = f"use 1 … {units - 1}, or 0 for none" if units > 1 else "use 0 for none"
        what = f"a projection has fewer numbers than the {counted(units, 'unit')} of the cell, not {projected}"
        raise InputError(what, hint=hint)
    return plan_recurrent(_cell_of(values), values, shape, _forget_bias(values, 1 + values["bidirectional"]))


def _cell_of(values: Mapping[str, Any]) -> Cell:
    """The usual cell, or one in a form of its own."""
    learned, bends = values["initial_state"] == "learned", (values["activation"], values["gate_activation"])
    extras = (("peephole",) if values["peepholes"] else ()) + (("weight_hr",) if values["proj_size"] else ())
    if not extras and not learned and not values["reverse"] and bends == ("tanh", "sigmoid"):
        return _cell()
    form = lstm_form(values["padded"], learned, values["reverse"], bends, extras)
    return lstm_cell(form, _cell().forward.plain.words, _cell().backward.plain.words)


def _forget_bias(values: Mapping[str, Any], directions: int) -> tuple[tuple[int, int, float], ...]:
    """Where the forget gate's part of each direction's bias begins higher, and by how much."""
    units = values["units"]
    return tuple(((4 * d + 1) * units, (4 * d + 2) * units, values["forget_bias"]) for d in range(directions))


def _forward() -> Loop:
    return forward_loop(
        "LSTM",
        FORWARD,
        writes=("gates", "previous", "cell", "hidden"),
        reference=_through_time,
        formula=(
            "i,f,o = σ(inputs[t] + hidden[t−1]·weight_hh + bias_hh), g = tanh(…); "
            "cell[t] = f·cell[t−1] + i·g; hidden[t] = o·tanh(cell[t])"
        ),
        words=(
            "The forget gate f decides what the cell keeps, the input gate i how much of the proposal g it takes "
            "in, the output gate o what it shows. A cell with f near 1 holds its value for many steps."
        ),
        element=_element,
        unit={name: ("gates", k, 4) for k, name in enumerate("ifgo")} | {"c": ("cell", 0, 1), "h": ("hidden", 0, 1)},
        gates=4,
        cuda=cuda.LSTM_FORWARD,
    )


def _backward() -> Loop:
    return backward_loop(
        "LSTM",
        BACKWARD,
        reads=("dhidden", "gates", "cell", "transposed"),
        writes=("dgates", "dstate", "dcell"),
        reference=_back_through_time,
        formula=(
            "dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ; "
            "dcell[t] = dstate[t]·o·(1 − tanh²cell[t]) + dcell[t+1]·f[t+1]; "
            "di = dcell·g·i(1−i), df = dcell·cell[t−1]·f(1−f), dg = dcell·i·(1−g²), do = dstate·tanh(cell)·o(1−o)"
        ),
        words=(
            "From the last step to the first: each state gets the gradient of its own output plus that of the "
            "step after it. Through the cell the gradient is only multiplied by f, so it need not vanish."
        ),
        element=_element_back,
        gradients=("dstate", "dcell"),
        cuda=cuda.LSTM_BACKWARD,
    )


@cache
def _cell() -> Cell:
    return Cell(gates=4, forward=_forward(), backward=_backward())


def _step(x: Array, u: Array, h: Array, c: Array) -> tuple[dict[str, Array], tuple[Array, Array]]:
    """Gates i, f, g, o (N, 4H), the state and the cell of one step."""
    i, f, g, o = np.split(x + u, 4, axis=1)
    i, f, g, o = logistic(i), logistic(f), np.tanh(g), logistic(o)
    c = f * c + i * g
    return {"gates": np.concatenate([i, f, g, o], axis=1)}, (o * np.tanh(c), c)


def _step_back(
    dstates: tuple[Array, Array], now: dict[str, Array], then: dict[str, Array]
) -> tuple[dict[str, Array], Array, tuple[Array | float, Array]]:
    """Gradients of the pre-activations of i, f, g, o, of the cell, and of the cell before."""
    (dh, dc), (i, f, g, o), squashed = dstates, np.split(now["gates"], 4, axis=1), np.tanh(now["cell"])
    dc = dc + dh * o * (1 - squashed**2)
    parts = dc * g * i * (1 - i), dc * then["cell"] * f * (1 - f), dc * i * (1 - g**2), dh * squashed * o * (1 - o)
    dgates = np.concatenate(parts, axis=1)
    return {"dgates": dgates, "dcell": dc}, dgates, (0.0, dc * f)


_through_time = through_time(_step, ("gates", "previous", "cell", "hidden"), ("hidden", "cell"), gates=4)
_back_through_time = back_through_time(
    _step_back,
    ("dhidden", "gates", "cell", "transposed"),
    ("dgates", "dstate", "dcell"),
    ("dstate", "dcell"),
    gates=4,
)


def _gate(k: int, units: int) -> int:
    """Number of the gate (i, f, g, o) that element k of all directions' gates belongs to."""
    return k % (4 * units) // units


def _element(at: tuple[int, ...], inputs: Named, weight_hh: Named, bias_hh: Named, *present: Named) -> Term:
    previous = _through_time(inputs.array, weight_hh.array, bias_hh.array)[1]
    if present:
        previous = _through_time(inputs.array, weight_hh.array, bias_hh.array, present[0].array)[1]
    pre_activation = inputs[at] + from_state(at, previous, weight_hh, 4) + bias_hh[at[2]]
    if _gate(at[2], weight_hh.shape[1] // 4) == 2:
        return apply("tanh", np.tanh, pre_activation)
    return apply("σ", logistic, pre_activation)


def _element_back(
    at: tuple[int, ...], dhidden: Named, gates: Named, cell: Named, transposed: Named, *present: Named,
    directions: int, truncate: int,
) -> Term:  # fmt: skip
    n, t, k = at
    arrays = [item.array for item in (dhidden, gates, cell, transposed, *present)]
    _, states, cells = _back_through_time(*arrays, directions=directions, truncate=truncate)
    if present and present[0].array[n, t] == 0:
        return as_term(0.0)
    H, T = transposed.shape[1], dhidden.shape[1]
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


def _at_step(padded: bool) -> Any:
    @inline
    def at_step(
        row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int
    ) -> None:  # fmt: skip
        """gates (N, T, D·4H), previous, cell, hidden (N, T, D·H) of one step; arguments as in `forward_kernel`."""
        first, G = 4 if padded else 3, 4 * H
        wide, narrow = T * D * G, T * D * H  # from one row of the batch to the next
        back = 0 if s == 0 else D * H if d else -D * H  # from a state to the one before
        w, b = shifted(pointer(row, memory, 1), d * H * G), shifted(pointer(row, memory, 2), d * G)
        x, z = shifted(pointer(row, memory, 0), at * G), shifted(pointer(row, memory, first), at * G)
        previous, cell = (
            shifted(pointer(row, memory, first + 1), at * H), shifted(pointer(row, memory, first + 2), at * H)
        )  # fmt: skip
        hidden = shifted(pointer(row, memory, first + 3), at * H)
        take_over(previous, hidden, narrow, back, rows, H, s == 0)
        multiply(previous, narrow, 1, w, G, 1, z, wide, x, wide, rows, G, H if s else 0)
        for n in range(rows):
            c, h = shifted(cell, n * narrow), shifted(hidden, n * narrow)
            before = shifted(c, back) if s else shifted(previous, n * narrow)
            step(shifted(z, n * wide), b, before, c, h, H)
            if padded and is_padding(row, memory, 3, at, n, T, D):
                copy(c, before, H)
                copy(h, shifted(previous, n * narrow), H)

    return at_step


@noalias
def step(z: Any, bias: Any, before: Any, cell: Any, hidden: Any, H: int) -> None:
    """Turns pre-activations z (4H) of one row into gate values i, f, g, o in place, and works out cell and state (H).

    i, f, o = σ(z + bias), g = tanh(z + bias); cell = f·before + i·g; hidden = o·tanh(cell)
    """
    for j in range(H):
        i, f = sigmoid(z[j] + bias[j]), sigmoid(z[H + j] + bias[H + j])
        g, o = tanh(z[2 * H + j] + bias[2 * H + j]), sigmoid(z[3 * H + j] + bias[3 * H + j])
        c = f * before[j] + i * g
        z[j], z[H + j], z[2 * H + j], z[3 * H + j] = i, f, g, o
        cell[j] = c
        hidden[j] = o * tanh(c)


def _back_at_step(padded: bool) -> Any:
    @inline
    def back_at_step(
        row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int, linked: bool
    ) -> None:  # fmt: skip
        """dgates (N, T, D·4H), dstate, dcell (N, T, D·H) of one step; arguments as in `backward_kernel`.

        gates = x + previous·weight_hh + bias_hh, so dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ.
        """
        first, G = 5 if padded else 4, 4 * H
        wide, narrow = T * D * G, T * D * H
        after = (-D if d else D) if s < T - 1 else 0  # units from here to the step after
        before = 0 if s == 0 else D * H if d else -D * H  # numbers from here to the cell before
        transposed = shifted(pointer(row, memory, 3), d * G * H)
        dhidden = shifted(pointer(row, memory, 0), at * H)
        gates, cell = shifted(pointer(row, memory, 1), at * G), shifted(pointer(row, memory, 2), at * H)
        dgates, dstate = (
            shifted(pointer(row, memory, first), at * G), shifted(pointer(row, memory, first + 1), at * H)
        )  # fmt: skip
        dcell = shifted(pointer(row, memory, first + 2), at * H)
        later_gates = shifted(dgates, after * G)
        multiply(
            later_gates, wide, 1, transposed, H, 1, dstate, narrow, dhidden, narrow, rows, H, G if linked else 0
        )  # fmt: skip
        for n in range(rows):
            dh, dc, dz = shifted(dstate, n * narrow), shifted(dcell, n * narrow), shifted(dgates, n * wide)
            z, c = shifted(gates, n * wide), shifted(cell, n * narrow)
            later = shifted(dc, after * H) if linked else shifted(dhidden, n * narrow)
            later_f = shifted(z, after * G + H)
            by_f, as_is = 1.0 if linked else 0.0, 0.0
            if padded:
                if linked and is_padding(row, memory, 4, at + after, n, T, D):
                    by_f, as_is = 0.0, 1.0
                    add(dh, shifted(dh, after * H), H)
                if is_padding(row, memory, 4, at, n, T, D):
                    zero(dz, G)
                    pass_later_gradient(dc, later, later_f, by_f, as_is, H)
                    continue
            keep = 0.0 if s == 0 else 1.0
            step_back(z, c, shifted(c, before), keep, dh, later, later_f, by_f, as_is, dc, dz, H)

    return back_at_step


@noalias
def pass_later_gradient(dcell: Any, later: Any, later_f: Any, by_f: Any, as_is: Any, H: int) -> None:
    """dcell (H) of a step that is padding: what comes from the cell after, `later`, as in `step_back`."""
    for j in range(H):
        dcell[j] = later[j] * (by_f * later_f[j] + as_is)


@noalias
def step_back(
    gates: Any, cell: Any, before: Any, keep: Any, dstate: Any, later: Any, later_f: Any, by_f: Any, as_is: Any,
    dcell: Any, dgates: Any, H: int,
) -> None:  # fmt: skip
    """Gradients of the cell (H) of one row and of the pre-activations (4H) of its gates.

    cell = f·before + i·g, hidden = o·tanh(cell), so dc = dcell[t+1]·f[t+1] + dh·o·(1 − tanh²cell), di = dc·g·i(1 − i),
    df = dc·before·f(1 − f), dg = dc·i·(1 − g²), do = dh·tanh(cell)·o(1 − o).

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


FORWARD = {padded: forward_kernel("forward", _at_step(padded), gates=4, padded=padded) for padded in (False, True)}
BACKWARD = {padded: backward_kernel("backward", _back_at_step(padded), padded=padded) for padded in (False, True)}
