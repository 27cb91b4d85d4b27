"""RNN: the plain recurrent layer, whose state is a weighted sum of input and old state, bent (Elman, 1990).

The equations are PyTorch's; `nnplay.layers._recurrence` has what LSTM and GRU share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice
from nnplay.kernels.compile.jit import inline, noalias
from nnplay.kernels.cuda import recurrence as cuda
from nnplay.kernels.elementary import tanh
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import pointer, shifted
from nnplay.kernels.recurrent_batches import add, copy, take_over, zero
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
from nnplay.layers._recurrent_fields import BIAS_FIELD, CASES, FIELDS, FORM_FIELDS, REFUSED, recurrent_twin
from nnplay.layers._recurrent_form import Form
from nnplay.layers._rnn_form import rnn_cell
from nnplay.layers._through_time import back_through_time, from_state, through_time
from nnplay.operations.cell_activations import ACTIVATIONS
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]


RNN = LayerRecord(
    name="rnn",
    title="RNN",
    family="recurrent",
    about="Plain recurrent layer: reads a sequence step by step and keeps a state. It forgets within about ten steps.",
    when="For short sequences, and to see why lstm and gru were invented.",
    torch="RNN",
    twin=recurrent_twin("nn.RNN", "nonlinearity"),
    fields=(
        *FIELDS,
        choice(
            "nonlinearity",
            "tanh",
            "activation of the state; relu explodes sooner but vanishes later. PyTorch has tanh and relu",
            (*ACTIVATIONS,),
        ),
        *FORM_FIELDS,
        BIAS_FIELD,
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        *CASES,
        Case({"units": 6, "nonlinearity": "relu", "bidirectional": True, "layers": 2}, (5, 3)),
        Case({"units": 3, "nonlinearity": "relu", "padded": True, "output": "sequence"}, (3, 2)),
        Case({"units": 3, "nonlinearity": "softsign", "bidirectional": True, "initial_state": "learned"}, (4, 2)),
        Case({"units": 17, "nonlinearity": "hard_sigmoid", "reverse": True, "padded": True}, (3, 2)),
        Case({"units": 3, "nonlinearity": "identity", "layers": 2, "dropout": 0.4, "output": "sequence"}, (3, 2)),
        Case({"units": 17, "bias": False, "bidirectional": True}, (3, 2)),
    ),
    refused=(*REFUSED, Refused({"units": 3, "nonlinearity": "sine"}, (3, 2), "one of tanh, relu")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, C) → its last state (N, D·H), or all states (N, T, D·H); parameters as in `_recurrence`."""
    return plan_recurrent(_cell_of(values), values, shape)


def _cell_of(values: Mapping[str, Any]) -> Cell:
    """The usual cell, or one in a form of its own."""
    name, learned = values["nonlinearity"], values["initial_state"] == "learned"
    if name in ("tanh", "relu") and not learned and not values["reverse"]:
        return _cells()[name]
    form = Form(("hidden",), values["padded"], learned, values["reverse"], name)
    usual = _cells()["tanh"]
    return rnn_cell(form, usual.forward.plain.words, usual.backward.plain.words)


def _forward(name: str, value: Any) -> Loop:
    reference = _definition(value)
    return forward_loop(
        "RNN",
        FORWARD[name],
        writes=("hidden", "previous"),
        reference=reference,
        formula=f"hidden[t] = {name}(inputs[t] + hidden[t−1]·weight_hh + bias_hh)",
        words=(
            "The state is what the layer remembers: every step updates it from the input and from itself, always "
            "with the same weights."
        ),
        element=_explained(name, value, reference),
        unit={"h": ("hidden", 0, 1)},
        cuda=cuda.RNN_FORWARD[name],
    )


def _backward(name: str, shown: str, slope: Any) -> Loop:
    reference = _definition_back(slope)
    return backward_loop(
        "RNN",
        BACKWARD[name],
        reads=("dhidden", "hidden", "transposed"),
        writes=("dgates", "dstate"),
        reference=reference,
        formula=f"dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ; dgates[t] = dstate[t]{shown}",
        words=(
            "From the last step to the first. By the time the gradient reaches an early step it has been "
            "multiplied by the same weights once per step, so it vanishes or explodes: the reason for LSTM and GRU."
        ),
        element=_explained_back(name, slope, reference),
        gradients=("dstate",),
        cuda=cuda.RNN_BACKWARD[name],
    )


def _cell(name: str, shown: str, value: Any, slope: Any) -> Cell:
    """The cell of one nonlinearity: NumPy `value` of a sum and `slope` at a state, `shown` as a factor."""
    return Cell(gates=1, forward=_forward(name, value), backward=_backward(name, shown, slope))


@cache
def _cells() -> dict[str, Cell]:
    """By the name of the nonlinearity."""
    return {
        "tanh": _cell("tanh", "·(1 − hidden[t]²)", np.tanh, lambda h: 1 - h * h),
        "relu": _cell(
            "relu", " where hidden[t] > 0, else 0", lambda x: np.maximum(x, 0), lambda h: np.where(h > 0, 1, 0)
        ),
    }


def _definition(bend: Callable[[Array], Array]) -> Callable[..., Any]:
    """The definition of the way forward, whose states are bent by one nonlinearity."""

    def step(x: Array, u: Array, h: Array) -> tuple[dict[str, Array], tuple[Array]]:
        return {}, (bend(x + u),)

    return through_time(step, ("hidden", "previous"), ("hidden",), gates=1)


def _definition_back(slope: Callable[[Array], Array]) -> Callable[..., Any]:
    """The definition of the way back; `slope` is the nonlinearity's derivative at a state."""

    def step_back(
        dstates: tuple[Array], now: dict[str, Array], then: dict[str, Array]
    ) -> tuple[dict[str, Array], Array, tuple[float]]:
        dgates = dstates[0] * slope(now["hidden"])
        return {"dgates": dgates}, dgates, (0.0,)

    return back_through_time(step_back, ("dhidden", "hidden", "transposed"), ("dgates", "dstate"), ("dstate",), gates=1)


def _explained(name: str, value: Any, through_time: Callable[..., Any]) -> Callable[..., Term]:
    """One state, worked out."""

    def element(at: tuple[int, ...], inputs: Named, weight_hh: Named, bias_hh: Named, *present: Named) -> Term:
        previous = through_time(*(item.array for item in (inputs, weight_hh, bias_hh, *present)))[1]
        if present and present[0].array[at[0], at[1]] == 0:
            return Named("previous", previous)[at] * 1.0
        pre_activation = inputs[at] + from_state(at, previous, weight_hh, 1) + bias_hh[at[2]]
        return apply(name, lambda x: float(value(np.float64(x))), pre_activation)

    return element


def _explained_back(name: str, slope: Any, back_through_time: Callable[..., Any]) -> Callable[..., Term]:
    """The gradient of one state, worked out."""

    def element_back(
        at: tuple[int, ...], dhidden: Named, hidden: Named, transposed: Named, *present: Named, **integers: int
    ) -> Term:
        arrays = [item.array for item in (dhidden, hidden, transposed, *present)]
        if present and present[0].array[at[0], at[1]] == 0:
            return as_term(0.0)
        local = apply(f"{name}′", lambda h: float(slope(np.float64(h))), hidden[at])
        return Named("dstate", back_through_time(*arrays, **integers)[1])[at] * local

    return element_back


def _at_step(bend: Any, padded: bool) -> Any:
    @inline
    def at_step(
        row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int
    ) -> None:  # fmt: skip
        """hidden, previous (N, T, D·H) of one step; arguments as in `forward_kernel`."""
        first, stride = 4 if padded else 3, T * D * H  # from one row of the batch to the next
        w, b = shifted(pointer(row, memory, 1), d * H * H), shifted(pointer(row, memory, 2), d * H)
        back = D * H if d else -D * H  # from a state to the one before
        x, hidden = shifted(pointer(row, memory, 0), at * H), shifted(pointer(row, memory, first), at * H)
        previous = shifted(pointer(row, memory, first + 1), at * H)
        take_over(previous, hidden, stride, back, rows, H, s == 0)
        multiply(previous, stride, 1, w, H, 1, hidden, stride, x, stride, rows, H, H if s else 0)
        for n in range(rows):
            if padded and is_padding(row, memory, 3, at, n, T, D):
                copy(shifted(hidden, n * stride), shifted(previous, n * stride), H)
            else:
                bend(shifted(hidden, n * stride), b, H)

    return at_step


@noalias
def bend_tanh(z: Any, bias: Any, H: int) -> None:
    """Turns pre-activations z (H) of one row into its state in place: z ← tanh(z + bias)."""
    for j in range(H):
        z[j] = tanh(z[j] + bias[j])


@noalias
def bend_relu(z: Any, bias: Any, H: int) -> None:
    """Turns pre-activations z (H) of one row into its state in place: z ← max(0, z + bias); NaN stays NaN."""
    for j in range(H):
        pre_activation = z[j] + bias[j]
        z[j] = 0.0 if pre_activation <= 0.0 else pre_activation


def _back_at_step(unbend: Any, padded: bool) -> Any:
    @inline
    def back_at_step(
        row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int, linked: bool
    ) -> None:  # fmt: skip
        """dgates, dstate (N, T, D·H) of one step; arguments as in `backward_kernel`.

        hidden[t] = bend(x + hidden[t−1]·weight_hh + bias_hh), so dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ.
        """
        first, stride = 4 if padded else 3, T * D * H
        after = (-D if d else D) if linked else 0  # units from here to the step after
        transposed = shifted(pointer(row, memory, 2), d * H * H)
        dhidden, hidden = shifted(pointer(row, memory, 0), at * H), shifted(pointer(row, memory, 1), at * H)
        dgates, dstate = (
            shifted(pointer(row, memory, first), at * H), shifted(pointer(row, memory, first + 1), at * H)
        )  # fmt: skip
        later_gates = shifted(dgates, after * H)
        multiply(
            later_gates, stride, 1, transposed, H, 1, dstate, stride, dhidden, stride, rows, H, H if linked else 0
        )  # fmt: skip
        for n in range(rows):
            dh, dz = shifted(dstate, n * stride), shifted(dgates, n * stride)
            if padded:
                if linked and is_padding(row, memory, 3, at + after, n, T, D):
                    add(dh, shifted(dh, after * H), H)
                if is_padding(row, memory, 3, at, n, T, D):
                    zero(dz, H)
                    continue
            unbend(shifted(hidden, n * stride), dh, dz, H)

    return back_at_step


@noalias
def unbend_tanh(hidden: Any, dstate: Any, dgates: Any, H: int) -> None:
    """hidden = tanh(z), so dgates = dstate·(1 − hidden²), for one row (H)."""
    for j in range(H):
        dgates[j] = dstate[j] * (1.0 - hidden[j] * hidden[j])


@noalias
def unbend_relu(hidden: Any, dstate: Any, dgates: Any, H: int) -> None:
    """hidden = max(0, z), so dgates = dstate where hidden > 0, else 0, for one row (H)."""
    for j in range(H):
        dgates[j] = dstate[j] if hidden[j] > 0.0 else 0.0


FORWARD = {
    name: {
        padded: forward_kernel(f"forward_{name}", _at_step(bend, padded), gates=1, padded=padded)
        for padded in (False, True)
    }
    for name, bend in (("tanh", bend_tanh), ("relu", bend_relu))
}
BACKWARD = {
    name: {
        padded: backward_kernel(f"backward_{name}", _back_at_step(unbend, padded), padded=padded)
        for padded in (False, True)
    }
    for name, unbend in (("tanh", unbend_tanh), ("relu", unbend_relu))
}
