"""GRU: a recurrent layer whose gates decide how much of the state is replaced (Cho et al., 2014).

The equations and the order of the gates (r, z, n) are PyTorch's, where the reset gate acts behind the product with the
state; `nnplay.layers._recurrence` has what RNN and LSTM share.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag
from nnplay.kernels.compile.jit import inline, noalias
from nnplay.kernels.cuda import recurrence as cuda
from nnplay.kernels.elementary import sigmoid, tanh
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import pointer, shifted
from nnplay.kernels.recurrent_batches import copy, take_over, zero
from nnplay.layers._gru_form import gru_cell
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
from nnplay.layers._recurrent_form import Form
from nnplay.layers._through_time import back_through_time, from_state, through_time
from nnplay.operations.cell_activations import logistic
from nnplay.operations.gru_gate import BIAS_BACK, WEIGHT_BACK
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]

GRU = LayerRecord(
    name="gru",
    title="GRU",
    family="recurrent",
    about="Gated recurrent unit: reads a sequence step by step; two gates, fewer weights than LSTM.",
    when="For sequences of a few dozen steps; faster than lstm and often as good.",
    torch="GRU",
    twin=recurrent_twin("nn.GRU"),
    fields=(
        *FIELDS,
        *FORM_FIELDS,
        flag(
            "reset_after",
            True,
            "apply the reset gate to what the weights make of the state, as PyTorch and cuDNN do; without it, to the "
            "state itself, as in the first paper",
        ),
        activation_field(),
        gate_activation_field(),
        BIAS_FIELD,
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        *CASES,
        Case({"units": 17, "reset_after": False}, (4, 3)),
        Case(
            {"units": 3, "reset_after": False, "initial_state": "learned", "bidirectional": True, "padded": True},
            (4, 2),
        ),
        Case({"units": 3, "initial_state": "learned", "reverse": True, "padded": True, "layers": 2}, (4, 2)),
        Case({"units": 3, "activation": "relu", "gate_activation": "hard_sigmoid", "output": "sequence"}, (3, 2)),
        Case({"units": 3, "reset_after": False, "truncate": 2, "initial_state": "learned"}, (5, 2), exact=False),
        Case({"units": 3, "bias": False, "layers": 2, "output": "sequence"}, (3, 2)),
    ),
    refused=REFUSED,
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, C) → its last state (N, D·H), or all states (N, T, D·H); parameters as in `_recurrence`."""
    return plan_recurrent(_cell_of(values), values, shape)


def _cell_of(values: Mapping[str, Any]) -> Cell:
    """The usual cell, or one in a form of its own."""
    learned, bends = values["initial_state"] == "learned", (values["activation"], values["gate_activation"])
    if values["reset_after"] and not learned and not values["reverse"] and bends == ("tanh", "sigmoid"):
        return _cell()
    choices = (("reset_after", int(values["reset_after"])),)
    form = Form(("hidden",), values["padded"], learned, values["reverse"], *bends, choices=choices)
    return gru_cell(form, _cell().forward.plain.words, _cell().backward.plain.words)


def _forward() -> Loop:
    return forward_loop(
        "GRU",
        FORWARD,
        writes=("gates", "recalled", "previous", "hidden"),
        reference=_through_time,
        formula=(
            "r,z = σ(inputs[t] + hidden[t−1]·weight_hh + bias_hh), recalled[t] = hidden[t−1]·weight_hh + bias_hh, "
            "n = tanh(inputs[t] + r·recalled[t]); hidden[t] = (1 − z)·n + z·hidden[t−1]"
        ),
        words=(
            "The update gate z decides how much of the state is kept, the reset gate r how much of it the "
            "proposal n may use. With z near 1 the state lasts for many steps."
        ),
        element=_element,
        unit={"r": ("gates", 0, 3), "z": ("gates", 1, 3), "n": ("gates", 2, 3), "h": ("hidden", 0, 1)},
        gates=3,
        cuda=cuda.GRU_FORWARD,
    )


def _backward() -> Loop:
    return backward_loop(
        "GRU",
        BACKWARD,
        reads=("dhidden", "gates", "recalled", "previous", "transposed"),
        writes=("dgates", "drecalled", "dstate"),
        reference=_back_through_time,
        formula=(
            "dstate[t] = dhidden[t] + dstate[t+1]·z[t+1] + (dr, dz, drecalled)[t+1]·weight_hhᵀ; "
            "dn = dstate·(1−z)·(1−n²), dr = dn·recalled·r(1−r), dz = dstate·(hidden[t−1] − n)·z(1−z); "
            "drecalled = dn·r"
        ),
        words=(
            "From the last step to the first: each state gets the gradient of its own output plus that of the "
            "step after it. Where the state was kept (z near 1), the gradient passes unchanged."
        ),
        element=_element_back,
        gradients=("dstate",),
        cuda=cuda.GRU_BACKWARD,
    )


@cache
def _cell() -> Cell:
    return Cell(gates=3, forward=_forward(), backward=_backward(), weight_back=WEIGHT_BACK, bias_back=BIAS_BACK)


def _step(x: Array, u: Array, h: Array) -> tuple[dict[str, Array], tuple[Array]]:
    """Gates r, z, n (N, 3H) and the state of one step; n sees the old state through r, behind the weights."""
    (x_r, x_z, x_n), (u_r, u_z, u_n) = np.split(x, 3, axis=1), np.split(u, 3, axis=1)
    r, z = logistic(x_r + u_r), logistic(x_z + u_z)
    n = np.tanh(x_n + r * u_n)
    return {"gates": np.concatenate([r, z, n], axis=1), "recalled": u_n}, ((1 - z) * n + z * h,)


def _step_back(
    dstates: tuple[Array], now: dict[str, Array], then: dict[str, Array]
) -> tuple[dict[str, Array], Array, tuple[Array]]:
    """Gradients of the pre-activations of r, z, n, of what n saw of the old state, and of that state."""
    (dh,), (r, z, n) = dstates, np.split(now["gates"], 3, axis=1)
    dn = dh * (1 - z) * (1 - n * n)
    dr = dn * now["recalled"] * r * (1 - r)
    dz = dh * (now["previous"] - n) * z * (1 - z)
    found = {"dgates": np.concatenate([dr, dz, dn], axis=1), "drecalled": dn * r}
    return found, np.concatenate([dr, dz, dn * r], axis=1), (dh * z,)


_through_time = through_time(_step, ("gates", "recalled", "previous", "hidden"), ("hidden",), gates=3)
_back_through_time = back_through_time(
    _step_back,
    ("dhidden", "gates", "recalled", "previous", "transposed"),
    ("dgates", "drecalled", "dstate"),
    ("dstate",),
    gates=3,
)


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
    at: tuple[int, ...], dhidden: Named, gates: Named, recalled: Named, previous: Named, transposed: Named,
    *present: Named, directions: int, truncate: int,
) -> Term:  # fmt: skip
    n, t, k = at
    if present and present[0].array[n, t] == 0:
        return as_term(0.0)
    arrays = [item.array for item in (dhidden, gates, recalled, previous, transposed, *present)]
    states = _back_through_time(*arrays, directions=directions, truncate=truncate)[2]
    H = transposed.shape[1]
    d, j = k // (3 * H), k % H
    r, z, proposed = (gates[n, t, d * 3 * H + number * H + j] for number in range(3))
    dstate = Named("dstate", states)[n, t, d * H + j]
    dn = dstate * (1.0 - z) * (1.0 - proposed**2)
    if k % (3 * H) < H:
        return dn * recalled[n, t, d * H + j] * r * (1.0 - r)
    return dn if k % (3 * H) >= 2 * H else dstate * (previous[n, t, d * H + j] - proposed) * z * (1.0 - z)


def _at_step(padded: bool) -> Any:
    @inline
    def at_step(
        row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int
    ) -> None:  # fmt: skip
        """gates (N, T, D·3H), recalled, previous, hidden (N, T, D·H) of one step; arguments as in `forward_kernel`."""
        first, G = 4 if padded else 3, 3 * H
        wide, narrow = T * D * G, T * D * H  # from one row of the batch to the next
        back = D * H if d else -D * H  # from a state to the one before
        inner = H if s else 0  # the state before the first step is 0
        w, b = shifted(pointer(row, memory, 1), d * H * G), shifted(pointer(row, memory, 2), d * G)
        w_n, b_n = shifted(w, 2 * H), shifted(b, 2 * H)
        x, gates = shifted(pointer(row, memory, 0), at * G), shifted(pointer(row, memory, first), at * G)
        recalled, previous = (
            shifted(pointer(row, memory, first + 1), at * H), shifted(pointer(row, memory, first + 2), at * H)
        )  # fmt: skip
        hidden = shifted(pointer(row, memory, first + 3), at * H)
        take_over(previous, hidden, narrow, back, rows, H, s == 0)
        multiply(previous, narrow, 1, w, G, 1, gates, wide, x, wide, rows, 2 * H, inner)
        multiply(previous, narrow, 1, w_n, G, 1, recalled, narrow, b_n, 0, rows, H, inner)
        for n in range(rows):
            z, u = shifted(gates, n * wide), shifted(recalled, n * narrow)
            p, h = shifted(previous, n * narrow), shifted(hidden, n * narrow)
            step(shifted(x, n * wide), b, u, p, z, h, H)
            if padded and is_padding(row, memory, 3, at, n, T, D):
                copy(h, p, H)

    return at_step


@noalias
def step(x: Any, bias: Any, recalled: Any, previous: Any, gates: Any, hidden: Any, H: int) -> None:
    """Turns pre-activations `gates` (3H) of one row into gate values r, z, n in place, and works out its state (H).

    r, z = σ(gates + bias); n = tanh(x + r·recalled); hidden = (1 − z)·n + z·previous
    """
    for j in range(H):
        r, z = sigmoid(gates[j] + bias[j]), sigmoid(gates[H + j] + bias[H + j])
        proposed = tanh(x[2 * H + j] + r * recalled[j])
        gates[j], gates[H + j], gates[2 * H + j] = r, z, proposed
        hidden[j] = proposed + z * (previous[j] - proposed)


def _back_at_step(padded: bool) -> Any:
    @inline
    def back_at_step(
        row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int, linked: bool
    ) -> None:  # fmt: skip
        """dgates (N, T, D·3H), drecalled, dstate (N, T, D·H) of one step; arguments as in `backward_kernel`.

        gates, recalled = x + previous·weight_hh + bias_hh, so dstate[t] = dhidden[t]
        + (dr, dz, drecalled)[t+1]·weight_hhᵀ + dstate[t+1]·z[t+1].
        """
        first, G = 6 if padded else 5, 3 * H
        wide, narrow = T * D * G, T * D * H
        after = (-D if d else D) if linked else 0  # units from here to the step after
        transposed = shifted(pointer(row, memory, 4), d * G * H)
        dhidden, gates = shifted(pointer(row, memory, 0), at * H), shifted(pointer(row, memory, 1), at * G)
        recalled, previous = shifted(pointer(row, memory, 2), at * H), shifted(pointer(row, memory, 3), at * H)
        dgates, drecalled = (
            shifted(pointer(row, memory, first), at * G), shifted(pointer(row, memory, first + 1), at * H)
        )  # fmt: skip
        dstate = shifted(pointer(row, memory, first + 2), at * H)
        later_gates, later_recalled = shifted(dgates, after * G), shifted(drecalled, after * H)
        inner = 2 * H if linked else 0
        multiply(later_gates, wide, 1, transposed, H, 1, dstate, narrow, dhidden, narrow, rows, H, inner)
        if linked:
            of_n = shifted(transposed, 2 * H * H)
            multiply(later_recalled, narrow, 1, of_n, H, 1, dstate, narrow, dstate, narrow, rows, H, H)
        for n in range(rows):
            dh, z, p = shifted(dstate, n * narrow), shifted(gates, n * wide), shifted(previous, n * narrow)
            dz, du = shifted(dgates, n * wide), shifted(drecalled, n * narrow)
            later = shifted(dh, after * H) if linked else shifted(dhidden, n * narrow)
            later_z = shifted(z, after * G + H)
            by_z, as_is = 1.0 if linked else 0.0, 0.0
            if padded:
                if linked and is_padding(row, memory, 5, at + after, n, T, D):
                    by_z, as_is = 0.0, 1.0
                if is_padding(row, memory, 5, at, n, T, D):
                    zero(dz, G)
                    zero(du, H)
                    add_later_gradient(dh, later, later_z, by_z, as_is, H)
                    continue
            step_back(z, shifted(recalled, n * narrow), p, later, later_z, by_z, as_is, dh, dz, du, H)

    return back_at_step


@noalias
def add_later_gradient(dstate: Any, later: Any, later_z: Any, by_z: Any, as_is: Any, H: int) -> None:
    """dstate (H) += what comes straight from the state after, `later`, as in `step_back`."""
    for j in range(H):
        dstate[j] += later[j] * (by_z * later_z[j] + as_is)


@noalias
def step_back(
    gates: Any, recalled: Any, previous: Any, later: Any, later_z: Any, by_z: Any, as_is: Any,
    dstate: Any, dgates: Any, drecalled: Any, H: int,
) -> None:  # fmt: skip
    """Gradients of the state (H) of one row and of the pre-activations (3H) of its gates.

    n = tanh(x + r·recalled), hidden = (1 − z)·n + z·previous, so dn = dh·(1 − z)·(1 − n²), dr = dn·recalled·r(1 − r),
    dz = dh·(previous − n)·z(1 − z), drecalled = dn·r.

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


FORWARD = {padded: forward_kernel("forward", _at_step(padded), gates=3, padded=padded) for padded in (False, True)}
BACKWARD = {padded: backward_kernel("backward", _back_at_step(padded), padded=padded) for padded in (False, True)}
